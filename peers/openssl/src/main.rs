//! Measures OpenSSL on behalf of `tlsbench`.

fn main() {
    println!("OpenSSL {}", tlsbench_openssl::version());
}
