/// The origin of a primitive, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The provider that it is from, where a provider is composed of others.
    pub source: &'static str,
    /// The library, and the instruction sets that it uses on this CPU.
    pub implementation: String,
}
