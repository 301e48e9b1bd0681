#!/usr/bin/env bash
# The supply chain: cargo deny over every dependency (rules in deny.toml), and a software bill of materials of the binary
# in target/sbom. Builds the two tools once into target/tools. Where GitHub cannot be reached it says that known
# weaknesses were not looked for; with CI set that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/target/tools
sbom=target/sbom

tool() { # PROGRAM VERSION
    [ -x "$tools/bin/$1" ] || { echo "supply.sh: building $1" >&2 && cargo install -q --locked --root "$tools" "$1@$2"; }
}

tool cargo-deny 0.20.2
tool cargo-cyclonedx 0.5.9

"$tools/bin/cargo-deny" --log-level error check licenses bans sources
if curl -fsS -o /dev/null --max-time 20 https://github.com/RustSec/advisory-db 2>/dev/null; then
    "$tools/bin/cargo-deny" check advisories
else
    echo "*** NOT CHECKED: known weaknesses (RustSec's database), for want of GitHub. ***" >&2
    [ -z "${CI:-}" ] || exit 1
fi

# With what is needed to build alone: OpenSSL's sources are such a part, and end up in the binary.
rm -rf "$sbom" && mkdir -p "$sbom"
"$tools/bin/cargo-cyclonedx" cyclonedx --format json --spec-version 1.5 --target x86_64-unknown-linux-gnu \
    --describe binaries --quiet
for made in *_bin.cdx.json; do
    mv "$made" "$sbom/$made"
done
python3 - "$sbom"/*.json <<'PYTHON'
import json, sys
for path in sys.argv[1:]:
    bill = json.load(open(path))
    parts = bill["components"]
    unnamed = [part["name"] for part in parts if not part.get("licenses") or not part.get("version")]
    print(f"{path}: CycloneDX {bill['specVersion']}, {len(parts)} components, without licence or version: {unnamed or 'none'}")
    sys.exit(bool(unnamed) or len(parts) < 50)
PYTHON
