//! What code that derives from BoringSSL takes on this CPU: that of BoringSSL itself, and that of ring.

/// For AES-GCM. `avx512`: whether the library has code for AVX-512.
pub(super) fn aes_gcm(avx512: bool) -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        let wide = has!("vaes") && has!("vpclmulqdq") && has!("avx2");
        match (has!("aes"), has!("pclmulqdq")) {
            (true, true) if wide && avx512 && has!("avx512bw") && has!("avx512vl") && has!("bmi2") => {
                "VAES and VPCLMULQDQ on AVX-512"
            }
            (true, true) if wide => "VAES and VPCLMULQDQ on AVX2",
            (true, true) if has!("avx") && has!("movbe") => "AES-NI and PCLMULQDQ, interleaved on AVX",
            (true, true) => "AES-NI and PCLMULQDQ",
            _ => "without AES instructions",
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        let _ = avx512;
        match (std::arch::is_aarch64_feature_detected!("aes"), std::arch::is_aarch64_feature_detected!("pmull")) {
            (true, true) => "ARMv8 AES and PMULL",
            _ => "without AES instructions",
        }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let _ = avx512;
        "by its own choice"
    }
}
