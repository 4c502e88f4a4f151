use super::*;

/// Decodes `bytes` whole, and makes sure that every shorter prefix asks for more.
fn decode(bytes: &[u8]) -> FrameHeader {
    for end in 0..bytes.len() {
        assert_eq!(FrameHeader::decode(&bytes[..end]), Ok(None), "{end} bytes");
    }
    let (header, size) = FrameHeader::decode(bytes).unwrap().unwrap();
    assert_eq!(size, bytes.len());
    let mut longer = bytes.to_vec();
    longer.extend(b"payload");
    assert_eq!(FrameHeader::decode(&longer), Ok(Some((header, size))));

    let mut out = BytesMut::from("before");
    header.encode(&mut out).unwrap();
    assert_eq!(&out[6..], bytes);
    assert_eq!(header.size(), bytes.len());
    header
}

fn refused(bytes: &[u8], error: HeaderError, shown_after: usize) {
    for end in 0..=bytes.len() {
        let expected = if end < shown_after {
            Ok(None)
        } else {
            Err(error)
        };
        assert_eq!(FrameHeader::decode(&bytes[..end]), expected, "{end} bytes");
    }
}

#[test]
fn examples_of_rfc_6455_section_5_7() {
    assert_eq!(
        decode(b"\x81\x05"),
        FrameHeader {
            fin: true,
            reserved: 0,
            opcode: Opcode::Text,
            mask: None,
            payload_len: 5
        }
    );
    assert_eq!(
        decode(b"\x81\x85\x37\xfa\x21\x3d").mask,
        Some([0x37, 0xfa, 0x21, 0x3d])
    );
    assert!(!decode(b"\x01\x03").fin);
    assert_eq!(decode(b"\x80\x02").opcode, Opcode::Continuation);
    assert_eq!(decode(b"\x8a\x85\x37\xfa\x21\x3d").opcode, Opcode::Pong);
    assert_eq!(decode(b"\x82\x7e\x01\x00").payload_len, 256);
    assert_eq!(decode(b"\x82\x7f\0\0\0\0\0\x01\0\0").payload_len, 65536);
}

#[test]
fn lengths_at_the_edges_of_the_three_forms() {
    assert_eq!(decode(b"\x82\x7d").payload_len, 125);
    assert_eq!(decode(b"\x82\x7e\0\x7e").payload_len, 126);
    assert_eq!(decode(b"\x82\x7e\xff\xff").payload_len, 65535);
    assert_eq!(decode(b"\x82\xff\0\0\0\0\0\x01\0\0abcd").payload_len, 65536);
    let largest = b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff";
    assert_eq!(decode(largest).payload_len, (1 << 63) - 1);
}

#[test]
fn reserved_bits_are_reported_as_they_stand() {
    assert_eq!(decode(b"\xc1\0").reserved, 0x40);
    assert_eq!(decode(b"\xb1\0").reserved, 0x30);
}

#[test]
fn refused_at_the_first_byte_that_shows_it() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        refused(&[0x80 | opcode, 0], HeaderError::ReservedOpcode, 1);
    }
    refused(b"\x09\0", HeaderError::ControlFragmented, 1);
    refused(b"\x89\x7e\0\x7e", HeaderError::ControlTooLong, 2);
    refused(
        b"\x88\xff\0\0\0\0\0\x01\0\0",
        HeaderError::ControlTooLong,
        2,
    );
    refused(b"\x82\x7e\0\x7d", HeaderError::NonMinimalLength, 4);
    refused(
        b"\x82\x7f\0\0\0\0\0\0\xff\xff",
        HeaderError::NonMinimalLength,
        8,
    );
    refused(b"\x82\x7f\x80\0\0\0\0\0\0\0", HeaderError::LengthHighBit, 3);
    refused(
        b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        HeaderError::LengthHighBit,
        3,
    );
}

#[test]
fn encode_refuses_what_decode_refuses_and_leaves_out_alone() {
    let good = FrameHeader {
        fin: true,
        reserved: 0,
        opcode: Opcode::Ping,
        mask: None,
        payload_len: 125,
    };
    let mut out = BytesMut::from("before");
    let long = FrameHeader {
        payload_len: 126,
        ..good
    };
    assert_eq!(long.encode(&mut out), Err(HeaderError::ControlTooLong));
    let open = FrameHeader { fin: false, ..good };
    assert_eq!(open.encode(&mut out), Err(HeaderError::ControlFragmented));
    let huge = FrameHeader {
        opcode: Opcode::Binary,
        payload_len: 1 << 63,
        ..good
    };
    assert_eq!(huge.encode(&mut out), Err(HeaderError::LengthHighBit));
    assert_eq!(&out[..], b"before");
}
