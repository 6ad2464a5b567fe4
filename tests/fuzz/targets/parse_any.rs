#![no_main]
#![allow(dead_code, unused_imports, reason = "each target runs one of the bodies")]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(
    init: {
        // The parallel stages run on this thread, which the fuzzer watches best.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    },
    |data: &[u8]| bodies::parse_any(data)
);
