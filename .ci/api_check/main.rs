//! The compatibility API as another program uses it: `.ci/run` makes a crate of its own from this file.

use pree::socket::platform::{SocketInfo, SocketState, get_sockets_info};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sockets = get_sockets_info()?;
    for socket in sockets {
        println!("Socket: {} -> {}", socket.local_addr, socket.remote_addr);
        println!("  State: {:?}  Protocol: {:?}", socket.state, socket.protocol);
        if let Some(pid) = socket.process_id {
            println!("  {} ({pid})", socket.process_name.as_deref().unwrap_or("Unknown"));
        }
        if let Some(stats) = &socket.stats {
            println!("{:?} {:?} {}", stats.rtt, stats.congestion_window, stats.retransmits);
            println!("{:.1}%", stats.calculate_quality_score() * 100.0);
            if stats.has_buffer_bloat() {
                println!("bloat");
            }
        }
        check_types(&socket);
    }
    Ok(())
}

/// Every other public part, with the type that users rely on.
fn check_types(socket: &SocketInfo) {
    let _: (std::net::SocketAddr, std::net::SocketAddr) = (socket.local_addr, socket.remote_addr);
    let _: (&Option<u32>, &Option<String>) = (&socket.process_id, &socket.process_name);
    let _: &SocketState = &socket.state;
    let _ = format!("{:?} {:?}", socket.socket_type, socket.family);
    if let Some(stats) = &socket.stats {
        let _: Option<std::time::Duration> = stats.rtt;
        let _: Option<u32> = stats.congestion_window;
        let _: u32 = stats.retransmits;
        let score: f64 = stats.calculate_quality_score();
        let percent: f64 = stats.packet_loss_rate();
        assert!((0.0..=1.0).contains(&score) && (0.0..=100.0).contains(&percent));
        let _: (Option<f64>, Option<f64>) = (stats.bandwidth_utilization(), stats.connection_efficiency());
        let _: Vec<String> = stats.performance_issues().iter().map(ToString::to_string).collect();
        let _ = stats.tcp();
    }
}
