/// Where a part is from, and what it runs as on this CPU. For people and for the names of measurements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The provider that the part is of: of interest where a provider is put together from others.
    pub source: &'static str,
    /// The library, and the instruction sets that it takes on this CPU.
    pub implementation: String,
}
