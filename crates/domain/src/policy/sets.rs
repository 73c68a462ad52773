//! Small sets of roles and items, as bits.

use super::vocabulary::Item;

/// Most roles that a policy may have.
pub const ROLES_MAX: usize = 32;

/// A role of one policy, by its place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(u8);

impl RoleId {
    /// The role at `index`, if there can be one.
    #[must_use]
    pub fn new(index: usize) -> Option<RoleId> {
        u8::try_from(index).ok().filter(|small| usize::from(*small) < ROLES_MAX).map(RoleId)
    }

    /// Its place in the policy's list of roles.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A set of roles of one policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleSet(u32);

impl RoleSet {
    /// No role.
    pub const NONE: RoleSet = RoleSet(0);

    /// The set of this role alone.
    #[must_use]
    pub fn only(role: RoleId) -> RoleSet {
        RoleSet(1 << role.0)
    }

    /// Whether `role` is in it.
    #[must_use]
    pub fn contains(self, role: RoleId) -> bool {
        self.0 & (1 << role.0) != 0
    }

    /// Whether they have a role in common.
    #[must_use]
    pub fn meets(self, other: RoleSet) -> bool {
        self.0 & other.0 != 0
    }

    /// What is in either.
    #[must_use]
    pub fn union(self, other: RoleSet) -> RoleSet {
        RoleSet(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(self, other: RoleSet) -> RoleSet {
        RoleSet(self.0 & other.0)
    }

    /// What is in `self` and not in `other`.
    #[must_use]
    pub fn without(self, other: RoleSet) -> RoleSet {
        RoleSet(self.0 & !other.0)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its roles, in the policy's order.
    pub fn iter(self) -> impl Iterator<Item = RoleId> {
        (0..ROLES_MAX).filter_map(RoleId::new).filter(move |role| self.contains(*role))
    }
}

impl FromIterator<RoleId> for RoleSet {
    fn from_iter<I: IntoIterator<Item = RoleId>>(roles: I) -> RoleSet {
        roles.into_iter().fold(RoleSet::NONE, |set, role| set.union(RoleSet::only(role)))
    }
}

/// A set of items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemSet(u32);

impl ItemSet {
    /// No item.
    pub const NONE: ItemSet = ItemSet(0);

    fn bit(item: Item) -> u32 {
        1 << (item as u32)
    }

    /// The set of this item alone.
    #[must_use]
    pub fn only(item: Item) -> ItemSet {
        ItemSet(ItemSet::bit(item))
    }

    /// Whether `item` is in it.
    #[must_use]
    pub fn contains(self, item: Item) -> bool {
        self.0 & ItemSet::bit(item) != 0
    }

    /// What is in either.
    #[must_use]
    pub fn union(self, other: ItemSet) -> ItemSet {
        ItemSet(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(self, other: ItemSet) -> ItemSet {
        ItemSet(self.0 & other.0)
    }

    /// What is in `self` and not in `other`.
    #[must_use]
    pub fn without(self, other: ItemSet) -> ItemSet {
        ItemSet(self.0 & !other.0)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its items, in the manual's order.
    pub fn iter(self) -> impl Iterator<Item = Item> {
        Item::ALL.iter().copied().filter(move |item| self.contains(*item))
    }
}

impl FromIterator<Item> for ItemSet {
    fn from_iter<I: IntoIterator<Item = Item>>(items: I) -> ItemSet {
        items.into_iter().fold(ItemSet::NONE, |set, item| set.union(ItemSet::only(item)))
    }
}
