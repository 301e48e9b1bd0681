//! The tags that every model of names gives to a token: begin, inside, outside, by type. Plain data.

use crate::article::EntityType;

/// How many tags there are: outside, and begin and inside for each of the nine types.
pub const TAGS: usize = 2 * EntityType::ALL.len() + 1;

/// One row of a model's answer: the natural logarithm of each tag's probability for one token, by `Tag::index`.
pub type Scores = [f32; TAGS];

/// A tag of one token (BIO: Ramshaw and Marcus 1995, each name with a begin). Its index is 0 for outside, then
/// begin and inside of each type in the order of `EntityType::ALL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u8);

impl Tag {
    /// In no name.
    pub const OUTSIDE: Self = Self(0);

    /// First token of a name.
    pub fn begin(kind: EntityType) -> Self {
        Self(1 + 2 * position(kind))
    }

    /// Later token of a name.
    pub fn inside(kind: EntityType) -> Self {
        Self(2 + 2 * position(kind))
    }

    /// The tag with this index, below `TAGS`.
    pub fn from_index(index: usize) -> Option<Self> {
        u8::try_from(index).ok().filter(|_| index < TAGS).map(Self)
    }

    /// Every tag, by index.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..TAGS).filter_map(Self::from_index)
    }

    /// Its place in `Scores`.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The type of the name, unless outside.
    pub fn kind(self) -> Option<EntityType> {
        let position = self.index().checked_sub(1)? / 2;
        EntityType::ALL.get(position).copied()
    }

    /// True for the first token of a name.
    pub const fn is_begin(self) -> bool {
        self.0 % 2 == 1
    }

    /// True for a later token of a name.
    pub const fn is_inside(self) -> bool {
        self.0 > 0 && self.0.is_multiple_of(2)
    }

    /// True where the tag may stand after `previous` (`None`: at the start): inside needs a name of its type before it.
    pub fn may_follow(self, previous: Option<Self>) -> bool {
        !self.is_inside() || previous.and_then(Self::kind) == self.kind()
    }
}

fn position(kind: EntityType) -> u8 {
    match kind {
        EntityType::Person => 0,
        EntityType::Org => 1,
        EntityType::Gpe => 2,
        EntityType::Loc => 3,
        EntityType::Fac => 4,
        EntityType::Norp => 5,
        EntityType::Event => 6,
        EntityType::Work => 7,
        EntityType::Product => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_those_of_the_models() {
        assert_eq!(TAGS, 19);
        assert_eq!(Tag::OUTSIDE.index(), 0);
        assert_eq!(Tag::begin(EntityType::Person).index(), 1);
        assert_eq!(Tag::inside(EntityType::Person).index(), 2);
        assert_eq!(Tag::begin(EntityType::Product).index(), 17);
        assert_eq!(Tag::from_index(TAGS), None);
        for (place, kind) in EntityType::ALL.into_iter().enumerate() {
            assert_eq!(Tag::begin(kind).index(), 1 + 2 * place);
            assert_eq!(
                (Tag::begin(kind).kind(), Tag::inside(kind).kind()),
                (Some(kind), Some(kind))
            );
        }
        assert!(Tag::all().filter(|tag| tag.is_begin()).count() == 9);
        assert!(Tag::all().filter(|tag| tag.is_inside()).count() == 9);
    }

    #[test]
    fn inside_needs_its_own_type_before_it() {
        let (person, org) = (EntityType::Person, EntityType::Org);
        for (tag, previous, may) in [
            (Tag::OUTSIDE, None, true),
            (Tag::begin(org), None, true),
            (Tag::inside(org), None, false),
            (Tag::inside(org), Some(Tag::OUTSIDE), false),
            (Tag::inside(org), Some(Tag::begin(org)), true),
            (Tag::inside(org), Some(Tag::inside(org)), true),
            (Tag::inside(org), Some(Tag::begin(person)), false),
            (Tag::inside(org), Some(Tag::inside(person)), false),
            (Tag::begin(org), Some(Tag::inside(org)), true),
            (Tag::OUTSIDE, Some(Tag::begin(org)), true),
        ] {
            assert_eq!(tag.may_follow(previous), may, "{tag:?} after {previous:?}");
        }
    }
}
