//! The runner of s2n-tls.

fn main() {
    println!("{} {}", tlsbench_s2n_tls::NAME, tlsbench_s2n_tls::VERSION);
}
