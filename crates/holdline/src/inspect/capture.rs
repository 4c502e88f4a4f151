//! One TCP connection out of packets: its bytes in order, with who sent them.

mod stream;

use std::collections::HashMap;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};

use etherparse::{NetSlice, SlicedPacket, TcpSlice, TransportSlice};
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use self::stream::Stream;
use crate::inspect::talk::Side;

/// What was captured of one connection.
#[derive(Debug, Default)]
pub(super) struct Capture {
    /// In the order in which it arrived.
    pub(super) pieces: Vec<(Side, Vec<u8>)>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

/// Reads the connection with this number, from 1, of a capture in either format. `advice` tells how to read another.
///
/// # Errors
///
/// What cannot be read.
pub(super) fn read(
    input: impl Read + Send,
    number: usize,
    advice: &str,
) -> Result<Capture, String> {
    let mut packets = Packets::new(number);
    let mut reader = create_reader(BUFFER, input)
        .map_err(|_| "it is neither pcap nor pcapng, or holds nothing".to_owned())?;
    let mut link_types = Vec::new();
    loop {
        match reader.next() {
            Ok((taken, block)) => {
                packets.block(&block, &mut link_types)?;
                reader.consume(taken);
            }
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_)) => reader
                .refill()
                .map_err(|_| "it cannot be read to its end".to_owned())?,
            Err(PcapError::UnexpectedEof) => {
                packets.cut = true;
                break;
            }
            Err(_) => return Err("it is damaged, or no capture".to_owned()),
        }
    }
    packets.finish(advice)
}

/// The same of packets that begin with an IP or Ethernet header.
///
/// # Errors
///
/// What cannot be read.
pub(super) fn of_packets(
    pieces: &[Vec<u8>],
    number: usize,
    advice: &str,
) -> Result<Capture, String> {
    let mut packets = Packets::new(number);
    for piece in pieces {
        let link_type = match piece.first().map(|byte| byte >> 4) {
            Some(4 | 6) => Linktype::RAW,
            _ => Linktype::ETHERNET,
        };
        packets.packet(link_type, piece)?;
    }
    packets.finish(advice)
}

/// The packets of a capture, of which one connection is kept.
struct Packets {
    /// Both ends of each connection, in the order of their first packets. The one who began stands first, if known.
    connections: Vec<[SocketAddr; 2]>,
    /// The last of them between two ends, the lower of which stands first.
    latest: HashMap<[SocketAddr; 2], usize>,
    /// Which of them is read.
    number: usize,
    client: Stream,
    server: Stream,
    pieces: Vec<(Side, Vec<u8>)>,
    total: usize,
    cut: bool,
}

impl Packets {
    fn new(number: usize) -> Self {
        Self {
            connections: Vec::new(),
            latest: HashMap::new(),
            number,
            client: Stream::new(),
            server: Stream::new(),
            pieces: Vec::new(),
            total: 0,
            cut: false,
        }
    }

    fn block(
        &mut self,
        block: &PcapBlockOwned<'_>,
        link_types: &mut Vec<Linktype>,
    ) -> Result<(), String> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => link_types.push(header.network),
            PcapBlockOwned::Legacy(packet) => {
                let link_type = link_types.first().copied().unwrap_or(Linktype::ETHERNET);
                self.packet(link_type, packet.data)?;
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => link_types.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                link_types.push(interface.linktype);
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let interface = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
                if let Some(&link_type) = link_types.get(interface) {
                    self.packet(link_type, packet.data)?;
                }
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let link_type = link_types.first().copied().unwrap_or(Linktype::ETHERNET);
                self.packet(link_type, packet.data)?;
            }
            PcapBlockOwned::NG(_) => {}
        }
        Ok(())
    }

    /// A packet that is no whole TCP segment is passed over.
    fn packet(&mut self, link_type: Linktype, data: &[u8]) -> Result<(), String> {
        let sliced = match link_type {
            Linktype::ETHERNET => SlicedPacket::from_ethernet(data).ok(),
            Linktype::LINUX_SLL => SlicedPacket::from_linux_sll(data).ok(),
            // Four bytes with the family of the address.
            Linktype::NULL | Linktype::LOOP => {
                data.get(4..).and_then(|ip| SlicedPacket::from_ip(ip).ok())
            }
            Linktype::LINUX_SLL2 => data.get(20..).and_then(|ip| SlicedPacket::from_ip(ip).ok()),
            Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => SlicedPacket::from_ip(data).ok(),
            other => return Err(format!("packets of link type {} cannot be read", other.0)),
        };
        let Some(sliced) = sliced else {
            return Ok(());
        };
        let (Some(addresses), Some(TransportSlice::Tcp(segment))) =
            (addresses(&sliced), &sliced.transport)
        else {
            return Ok(());
        };
        self.segment(addresses, segment)
    }

    fn segment(&mut self, [from, to]: [IpAddr; 2], segment: &TcpSlice<'_>) -> Result<(), String> {
        let from = SocketAddr::new(from, segment.source_port());
        let to = SocketAddr::new(to, segment.destination_port());
        let ends = [from.min(to), from.max(to)];
        let is_first = segment.syn() && !segment.ack();
        let known = self.latest.get(&ends).copied();
        let again = is_first && known.is_some_and(|index| self.began_otherwise(index, segment));
        let index = match known {
            Some(index) if !again => index,
            _ if self.connections.len() == MOST_CONNECTIONS => return Ok(()),
            _ => {
                let answer = segment.syn() && segment.ack();
                let pair = match is_first || !answer && from.port() >= to.port() {
                    true => [from, to],
                    false => [to, from],
                };
                let index = self.connections.len();
                self.connections.push(pair);
                self.latest.insert(ends, index);
                index
            }
        };
        if index + 1 != self.number {
            return Ok(());
        }
        let is_client = self
            .connections
            .get(index)
            .is_some_and(|[client, _]| *client == from);
        let (side, stream) = match is_client {
            true => (Side::Client, &mut self.client),
            false => (Side::Server, &mut self.server),
        };
        for piece in stream.take(segment) {
            self.total += piece.len();
            if self.total > MOST_BYTES {
                return Err(format!("its connection has more than {MOST_BYTES} bytes"));
            }
            self.pieces.push((side, piece));
        }
        match self.client.waits() + self.server.waits() > MOST_BYTES {
            true => Err("too much of it waits for packets that are missing".to_owned()),
            false => Ok(()),
        }
    }

    /// Whether both ends have used their addresses for another connection before.
    fn began_otherwise(&self, index: usize, segment: &TcpSlice<'_>) -> bool {
        index + 1 == self.number
            && self
                .client
                .began
                .is_some_and(|began| began != segment.sequence_number())
    }

    fn finish(mut self, advice: &str) -> Result<Capture, String> {
        let count = self.connections.len();
        if count < self.number {
            return Err(match count {
                0 => "it holds no TCP connection".to_owned(),
                1 => "it holds one TCP connection".to_owned(),
                count => format!("it holds {count} TCP connections"),
            });
        }
        self.by_content();
        let mut notes = Vec::new();
        if count > 1 {
            notes.push(format!(
                "the capture has {count} connections, of which this is number {}; {advice}",
                self.number
            ));
        }
        for (side, stream) in [(Side::Client, &self.client), (Side::Server, &self.server)] {
            if stream.waits() > 0 {
                notes.push(format!(
                    "a packet of the {} is missing: {} bytes after it were not looked at",
                    side.name(),
                    stream.waits()
                ));
            }
        }
        if self.cut {
            notes.push("the capture ends within a packet".to_owned());
        }
        Ok(Capture {
            pieces: self.pieces,
            notes,
        })
    }

    /// Without the first packets of a connection, its first bytes tell who is the client.
    fn by_content(&mut self) {
        let first = self
            .pieces
            .iter()
            .find(|(_, piece)| piece.starts_with(b"HTTP/1."));
        if self.client.began.is_none() && matches!(first, Some((Side::Client, _))) {
            for (side, _) in &mut self.pieces {
                *side = match side {
                    Side::Client => Side::Server,
                    Side::Server => Side::Client,
                };
            }
            std::mem::swap(&mut self.client, &mut self.server);
        }
    }
}

fn addresses(packet: &SlicedPacket<'_>) -> Option<[IpAddr; 2]> {
    match packet.net.as_ref()? {
        NetSlice::Ipv4(ip) => {
            let header = ip.header();
            Some([
                header.source_addr().into(),
                header.destination_addr().into(),
            ])
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header();
            Some([
                header.source_addr().into(),
                header.destination_addr().into(),
            ])
        }
        _ => None,
    }
}

/// Larger than any packet.
const BUFFER: usize = 1 << 20;
const MOST_BYTES: usize = 64 << 20;
const MOST_CONNECTIONS: usize = 100_000;
