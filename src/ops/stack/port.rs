//! A port of a service and where it is published.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::form;
use crate::base::{Error, Result};

/// What a port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// A stream.
    #[default]
    Tcp,
    /// Packets.
    Udp,
}

/// A port inside a service and the one it is reached by from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The address it is published on; without one the driver decides.
    pub host_ip: Option<IpAddr>,
    /// The port outside; any free one without it.
    pub published: Option<u16>,
    /// The port inside.
    pub target: u16,
    /// What it speaks.
    pub protocol: Protocol,
}

/// Reads `80`, `8080:80`, `127.0.0.1:8080:80`, `127.0.0.1::80`, `[::1]:8080:80`, each with `/udp` or `/tcp`.
impl FromStr for Port {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| {
            Error::invalid(format!("`{text}` is not a port: {why}"))
                .hint("write `\"127.0.0.1:5432:5432\"`: address, port outside, port inside")
        };
        let (numbers, protocol) = match text.split_once('/') {
            None | Some((_, "tcp")) => (text.trim_end_matches("/tcp"), Protocol::Tcp),
            Some((numbers, "udp")) => (numbers, Protocol::Udp),
            Some(_) => return Err(bad("a protocol is `tcp` or `udp`")),
        };
        let (outside, target) = match numbers.rsplit_once(':') {
            None => ("", numbers),
            Some((outside, target)) => (outside, target),
        };
        let (address, published) = match outside.rsplit_once(':') {
            None => ("", outside),
            Some((address, published)) => (address, published),
        };
        let number = |text: &str| {
            let port = text.parse::<u16>().ok().filter(|port| *port > 0);
            port.ok_or_else(|| bad("a port is a number from 1 to 65535"))
        };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        let host_ip = match address {
            "" => None,
            address => Some(
                address
                    .parse()
                    .map_err(|_not_one| bad("the address is not one"))?,
            ),
        };
        Ok(Self {
            host_ip,
            published: match published {
                "" => None,
                published => Some(number(published)?),
            },
            target: number(target)?,
            protocol,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    #[serde(default)]
    host_ip: Option<IpAddr>,
    #[serde(default)]
    published: Option<serde_json::Value>,
    target: u16,
    #[serde(default)]
    protocol: Protocol,
}

impl TryFrom<Long> for Port {
    type Error = String;

    fn try_from(long: Long) -> Result<Self, String> {
        let published = long.published.as_ref().map(form::scalar).transpose()?;
        let number = |text: String| {
            let port = text.parse::<u16>();
            port.map_err(|_not_one| format!("`published` is `{text}`, not a port"))
        };
        let published = published.filter(|text| !text.is_empty()).map(number);
        Ok(Self {
            host_ip: long.host_ip,
            published: published.transpose()?.filter(|port| *port > 0),
            target: long.target,
            protocol: long.protocol,
        })
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        form::short_or_long::<D, Self, Long, Error>(deserializer, str::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(ip: Option<&str>, published: Option<u16>, target: u16) -> Port {
        Port {
            host_ip: ip.map(|ip| ip.parse().unwrap()),
            published,
            target,
            protocol: Protocol::Tcp,
        }
    }

    #[test]
    fn ports_are_read_in_every_short_form() {
        let cases = [
            ("80", port(None, None, 80)),
            ("8080:80", port(None, Some(8080), 80)),
            (
                "127.0.0.1:8080:80/tcp",
                port(Some("127.0.0.1"), Some(8080), 80),
            ),
            ("127.0.0.1::80", port(Some("127.0.0.1"), None, 80)),
            ("[::1]:8080:80", port(Some("::1"), Some(8080), 80)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Port>().unwrap(), expected, "{text}");
        }
        assert_eq!("53/udp".parse::<Port>().unwrap().protocol, Protocol::Udp);
        for text in ["", "x", "0", "70000:1", "1/icmp", "nowhere:1:2", "1-2:3-4"] {
            assert!(text.parse::<Port>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_long_form_says_the_same() {
        let long = serde_json::json!({"host_ip": "127.0.0.1", "published": "8080", "target": 80});

        let read: Port = serde_json::from_value(long).unwrap();

        assert_eq!(read, port(Some("127.0.0.1"), Some(8080), 80));
    }
}
