//! What the tools print of data whose text looks like something else.

use std::io::Write;
use std::process::{Command, Stdio};

use super::bytes_of;
use crate::inspect::hex::parse;

#[test]
fn data_that_holds_bars_spaces_and_pairs_is_read_from_every_tool() {
    for dumps in DUMPS {
        for (dump, bytes) in dumps.iter().zip(DATA) {
            assert_eq!(parse(dump), Ok(vec![bytes.to_vec()]), "{dump}");
        }
    }
}

/// Wireshark, following a stream. These digits were taken for more bytes.
#[test]
fn a_text_with_a_gap_in_its_middle_is_no_bytes() {
    for (row, bytes) in [
        (
            "31 32 33 34 35 36 37 38  39 30 31 32 33 34 35 36   12345678 90123456",
            &b"1234567890123456"[..],
        ),
        (
            "20 20 33 34 35 36 37 38  39 30 20                  345678 90 ",
            b"  34567890 ",
        ),
        (
            "31 32 33 34 35 36 37 38                            12345678",
            b"12345678",
        ),
    ] {
        assert_eq!(bytes_of(row).as_deref(), Ok(bytes), "{row}");
    }
}

/// As far as the tools are there.
#[test]
fn what_the_tools_print_here_is_what_went_in() {
    let signs = b"|<> .ac09#x:*\n\xff\\";
    let mut seed = 7_u32;
    let mut below = |limit: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as usize % limit
    };
    for tool in TOOLS {
        for _ in 0..12 {
            let length = below(70) + 1;
            let bytes: Vec<u8> = (0..length).map(|_| signs[below(signs.len())]).collect();
            let Some(dump) = dumped(tool, &bytes) else {
                continue;
            };
            assert_eq!(parse(&dump), Ok(vec![bytes]), "{tool}:\n{dump}");
        }
    }
}

/// `None`: there is no such tool here.
fn dumped(tool: &str, bytes: &[u8]) -> Option<String> {
    let mut words = tool.split(' ');
    let mut child = Command::new(words.next()?)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_has_no_text_or_another_one_is_read_by_its_digits() {
    let frame = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    for row in [
        // `hexdump -C` without its text, and a person's gaps.
        " 81 85 37 fa 21 3d 7f 9f  4d 51 58",
        " 8185 37fa  213d7f9f  4d 51  58",
        // Bytes were edited, and the text was not.
        " 8185 37fa 213d 7f9f 4d51 58  cafe.!=...X",
        " 8185 37fa 213d 7f9f 4d51 58                  cafecafecaf",
        " 81 85 37 fa 21 3d 7f 9f  4d 51 58   |cafe|cafe..|",
        // A tool that has both gaps and no signs around the text.
        " 81 85 37 fa 21 3d 7f 9f  4d 51 58                 ..7.!=..MQX",
        // The text was cut.
        " 81 85 37 fa 21 3d 7f 9f 4d 51 58  ..7",
        " 81 85 37 fa 21 3d 7f 9f 4d 51 58 |..7.!=..MQX|",
        // No ASCII.
        " 81 85 37 fa 21 3d 7f 9f 4d 51 58  \u{fffd}…7ú!=.\u{9f}MQX",
    ] {
        assert_eq!(bytes_of(row).as_deref(), Ok(&frame[..]), "{row}");
    }
    assert_eq!(bytes_of(""), Ok(Vec::new()));
    assert!(bytes_of(" 81 8").unwrap_err().contains("`8` is not pairs"));
}

#[test]
fn dumps_whose_digits_are_turned_round_or_bits_are_refused() {
    for (row, words) in [
        // printf 'cafe|' | xxd -e
        (" 65666163       7c                    cafe|", "`xxd -e`"),
        // printf 'cafecafe' | xxd -e
        (" 65666163 65666163                    cafecafe", "`xxd -e`"),
        // printf 'GET / ' | xxd -b
        (
            " 01000111 01000101 01010100 00100000 00101111 00100000  GET / ",
            "`xxd -b`",
        ),
        // printf 'cafe|' | xxd -b
        (
            " 01100011 01100001 01100110 01100101 01111100           cafe|",
            "`xxd -b`",
        ),
    ] {
        let problem = bytes_of(row).unwrap_err();
        assert!(problem.contains(words), "{row}: {problem}");
    }
}

#[test]
fn a_long_row_of_gaps_is_read() {
    let pairs = "20  ".repeat(1 << 18);
    assert_eq!(bytes_of(&pairs).map(|bytes| bytes.len()), Ok(1 << 18));
}

const TOOLS: [&str; 5] = [
    "xxd",
    "xxd -g1 -c8",
    "xxd -g0 -c256 -u",
    "hexdump -C",
    "od -A x -t x1z",
];

const DATA: [&[u8]; 6] = [
    b"cafe|",
    b"GET / HTTP/1.1\r\nHost: a|b\r\n\r\n",
    b"ca  |b|",
    b"0123456789abcdef  de ad|beef|  ",
    b"|a|",
    b"        |de  ad|",
];

/// Of each of [`DATA`], in the same order.
const DUMPS: [[&str; 6]; 5] = [
    // xxd
    [
        "00000000: 6361 6665 7c                             cafe|\n",
        "00000000: 4745 5420 2f20 4854 5450 2f31 2e31 0d0a  GET / HTTP/1.1..\n\
         00000010: 486f 7374 3a20 617c 620d 0a0d 0a         Host: a|b....\n",
        "00000000: 6361 2020 7c62 7c                        ca  |b|\n",
        "00000000: 3031 3233 3435 3637 3839 6162 6364 6566  0123456789abcdef\n\
         00000010: 2020 6465 2061 647c 6265 6566 7c20 20      de ad|beef|  \n",
        "00000000: 7c61 7c                                  |a|\n",
        "00000000: 2020 2020 2020 2020 7c64 6520 2061 647c          |de  ad|\n",
    ],
    // xxd -g1 -c8
    [
        "00000000: 63 61 66 65 7c           cafe|\n",
        "00000000: 47 45 54 20 2f 20 48 54  GET / HT\n\
         00000008: 54 50 2f 31 2e 31 0d 0a  TP/1.1..\n\
         00000010: 48 6f 73 74 3a 20 61 7c  Host: a|\n\
         00000018: 62 0d 0a 0d 0a           b....\n",
        "00000000: 63 61 20 20 7c 62 7c     ca  |b|\n",
        "00000000: 30 31 32 33 34 35 36 37  01234567\n\
         00000008: 38 39 61 62 63 64 65 66  89abcdef\n\
         00000010: 20 20 64 65 20 61 64 7c    de ad|\n\
         00000018: 62 65 65 66 7c 20 20     beef|  \n",
        "00000000: 7c 61 7c                 |a|\n",
        "00000000: 20 20 20 20 20 20 20 20          \n\
         00000008: 7c 64 65 20 20 61 64 7c  |de  ad|\n",
    ],
    // hexdump -C
    [
        "00000000  63 61 66 65 7c                                    |cafe||\n\
         00000005\n",
        "00000000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  |GET / HTTP/1.1..|\n\
         00000010  48 6f 73 74 3a 20 61 7c  62 0d 0a 0d 0a           |Host: a|b....|\n\
         0000001d\n",
        "00000000  63 61 20 20 7c 62 7c                              |ca  |b||\n\
         00000007\n",
        "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n\
         00000010  20 20 64 65 20 61 64 7c  62 65 65 66 7c 20 20     |  de ad|beef|  |\n\
         0000001f\n",
        "00000000  7c 61 7c                                          ||a||\n\
         00000003\n",
        "00000000  20 20 20 20 20 20 20 20  7c 64 65 20 20 61 64 7c  |        |de  ad||\n\
         00000010\n",
    ],
    // od -A x -t x1z
    [
        "000000 63 61 66 65 7c                                   >cafe|<\n\
         000005\n",
        "000000 47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  >GET / HTTP/1.1..<\n\
         000010 48 6f 73 74 3a 20 61 7c 62 0d 0a 0d 0a           >Host: a|b....<\n\
         00001d\n",
        "000000 63 61 20 20 7c 62 7c                             >ca  |b|<\n\
         000007\n",
        "000000 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  >0123456789abcdef<\n\
         000010 20 20 64 65 20 61 64 7c 62 65 65 66 7c 20 20     >  de ad|beef|  <\n\
         00001f\n",
        "000000 7c 61 7c                                         >|a|<\n\
         000003\n",
        "000000 20 20 20 20 20 20 20 20 7c 64 65 20 20 61 64 7c  >        |de  ad|<\n\
         000010\n",
    ],
    // tcpdump -X
    [
        "\t0x0000:  6361 6665 7c                             cafe|\n",
        "\t0x0000:  4745 5420 2f20 4854 5450 2f31 2e31 0d0a  GET./.HTTP/1.1..\n\
         \t0x0010:  486f 7374 3a20 617c 620d 0a0d 0a         Host:.a|b....\n",
        "\t0x0000:  6361 2020 7c62 7c                        ca..|b|\n",
        "\t0x0000:  3031 3233 3435 3637 3839 6162 6364 6566  0123456789abcdef\n\
         \t0x0010:  2020 6465 2061 647c 6265 6566 7c20 20    ..de.ad|beef|..\n",
        "\t0x0000:  7c61 7c                                  |a|\n",
        "\t0x0000:  2020 2020 2020 2020 7c64 6520 2061 647c  ........|de..ad|\n",
    ],
];
