//! The network on the best instructions that this machine has, with memory that threads share in turn. The choice
//! changes the speed, never the answer.

use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::enrich::tagger::encoder::network::Network;
use crate::enrich::tagger::encoder::network::Scratch;
use crate::enrich::tagger::encoder::network::StoredLayer;
#[cfg(target_arch = "x86_64")]
use crate::enrich::tagger::kernels::Avx2;
use crate::enrich::tagger::kernels::Kernel;
use crate::enrich::tagger::kernels::Portable;
#[cfg(target_arch = "x86_64")]
use crate::enrich::tagger::kernels::Vnni;

/// The instructions that a network may run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// x86-64 with AVX-512 and byte products.
    Vnni,
    /// x86-64 with AVX2.
    Avx2,
    /// Whatever the program was compiled for.
    Portable,
}

impl Instructions {
    /// All that this machine has, best first.
    pub fn here() -> Vec<Self> {
        [Self::Vnni, Self::Avx2, Self::Portable]
            .into_iter()
            .filter(|one| one.are_here())
            .collect()
    }

    #[cfg(target_arch = "x86_64")]
    fn are_here(self) -> bool {
        match self {
            Self::Vnni => Vnni::detect().is_some(),
            Self::Avx2 => Avx2::detect().is_some(),
            Self::Portable => true,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn are_here(self) -> bool {
        self == Self::Portable
    }
}

/// A network that any number of threads may use at once.
pub(super) trait Engine: Debug + Send + Sync {
    /// Takes one window's embeddings through all layers, in place.
    fn forward(&self, rows: &mut [f32]);
}

/// The network on `instructions`; on the portable ones where this machine lacks them.
pub(super) fn engine(
    instructions: Instructions,
    hidden: usize,
    wide: usize,
    layers: Vec<StoredLayer>,
) -> Box<dyn Engine> {
    #[cfg(target_arch = "x86_64")]
    match (instructions, Vnni::detect(), Avx2::detect()) {
        (Instructions::Vnni, Some(kernel), _) => {
            return Box::new(Pooled::new(Network::new(kernel, hidden, wide, layers)));
        }
        (Instructions::Avx2, _, Some(kernel)) => {
            return Box::new(Pooled::new(Network::new(kernel, hidden, wide, layers)));
        }
        _ => {}
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = instructions;
    Box::new(Pooled::new(Network::new(Portable, hidden, wide, layers)))
}

/// A network and the memory that is not in use just now: at most one piece for each thread that ever used it at once.
#[derive(Debug)]
struct Pooled<K: Kernel> {
    network: Network<K>,
    idle: Mutex<Vec<Scratch<K>>>,
}

impl<K: Kernel> Pooled<K> {
    fn new(network: Network<K>) -> Self {
        Self {
            network,
            idle: Mutex::new(Vec::new()),
        }
    }
}

impl<K: Kernel> Engine for Pooled<K> {
    fn forward(&self, rows: &mut [f32]) {
        let lock = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = lock().pop();
        let mut scratch = idle.unwrap_or_else(|| self.network.scratch());
        self.network.forward(&mut scratch, rows);
        lock().push(scratch);
    }
}
