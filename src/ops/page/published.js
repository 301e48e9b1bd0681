// A published record as the page draws it: the fields of record v1, whatever `output.form` and `output.event` are.
// ninjs does not say where in the text a name is: such names are listed, not highlighted.

const FOUND_IN = { people: "PERSON", organisations: "ORG", places: "LOC", events: "EVENT", objects: "object", subjects: "NORP" };

function fromNinjs(item) {
  const all = (list) => item[list] || [];
  const source = (role) => all("infoSources").find((one) => one.role === role)?.name;
  return {
    headline: all("headlines")[0]?.value,
    text: all("bodies")[0]?.value,
    language: item.language,
    published_at: item.firstCreated,
    bylines: item.by ? [item.by] : [],
    publisher: source("publisher"),
    agency: source("agency"),
    dateline: { places: item.located ? [{ name: item.located }] : [] },
    entities: Object.entries(FOUND_IN).flatMap(([list, type]) => all(list).filter((one) => one.rel === "mentions")
      .map(({ name, uri }) => ({ type, name, ids: { wikidata: uri && uri.split("/entity/")[1] }, mentions: [] }))),
    topics: all("subjects").filter((one) => one.rel === "about")
      .map(({ uri, literal, name, confidence }) => ({ code: uri || literal, name, confidence: confidence / 100 })),
  };
}

/** Of a CloudEvent its data. Reasons, where they were asked for, stand beside what is published. */
export function drawable(published) {
  const data = published.specversion ? published.data : published;
  const record = data.standard?.name === "ninjs" ? fromNinjs(data) : data;
  return { ...record, explanation: published.explanation };
}
