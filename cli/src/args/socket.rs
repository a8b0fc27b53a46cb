use super::OnOff;
use crate::units::Bytes;

/// How sockets are set up.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sockets")]
pub struct Sockets {
    /// The kernel's send buffer (SO_SNDBUF), such as 256k [default: the system's choice]
    #[arg(long, value_name = "SIZE")]
    pub send_buffer: Option<Bytes>,

    /// The kernel's receive buffer (SO_RCVBUF) [default: the system's choice]
    #[arg(long, value_name = "SIZE")]
    pub receive_buffer: Option<Bytes>,

    /// Send immediately, without waiting for acknowledgements (TCP_NODELAY)
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    #[arg(default_value = "on", hide_possible_values = true)]
    pub no_delay: OnOff,
}
