//! A port of a service and where it is published.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

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

/// Writes each range in the ports of a service as the ports it means: `8000-8002:80-82` is three of them.
pub(super) fn spread_ranges(service: &mut Value) -> Result<()> {
    let Some(ports) = service.get_mut("ports").and_then(Value::as_array_mut) else {
        return Ok(());
    };
    let mut all = Vec::with_capacity(ports.len());
    for (at, item) in std::mem::take(ports).into_iter().enumerate() {
        let range = item.as_str().map(spread).transpose();
        match range
            .map_err(|e| e.context(format!("`ports[{at}]`")))?
            .flatten()
        {
            Some(range) => all.extend(range.into_iter().map(Value::String)),
            None => all.push(item),
        }
    }
    *ports = all;
    Ok(())
}

/// Each port of a range; nothing where there is no range.
fn spread(text: &str) -> Result<Option<Vec<String>>> {
    let (numbers, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (outside, target) = numbers.rsplit_once(':').unwrap_or(("", numbers));
    let (address, published) = outside.rsplit_once(':').unwrap_or(("", outside));
    if !target.contains('-') && !published.contains('-') {
        return Ok(None);
    }
    let bad = |why: &str| {
        Error::invalid(format!("`{text}` is not a port: {why}"))
            .hint("write as many ports outside as inside: `\"8000-8002:80-82\"`")
    };
    let range = |text: &str| -> Result<Vec<u16>> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Ok((first..=last).collect()),
            _ => Err(bad("a range is two ports from 1 to 65535, the lower first")),
        }
    };
    let inside = range(target)?;
    let outside = match published {
        "" => None,
        published => Some(range(published)?),
    };
    if outside
        .as_ref()
        .is_some_and(|outside| outside.len() != inside.len())
    {
        return Err(bad("the two ranges are not equally long"));
    }
    let before = if address.is_empty() {
        String::new()
    } else {
        format!("{address}:")
    };
    let one = |(at, target): (usize, &u16)| {
        let published = outside
            .as_ref()
            .map_or_else(String::new, |all| all[at].to_string());
        format!("{before}{published}:{target}/{protocol}")
    };
    Ok(Some(inside.iter().enumerate().map(one).collect()))
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
    /// For people, and for a swarm: one engine makes no use of them.
    #[serde(default, rename = "name")]
    _name: Option<String>,
    #[serde(default, rename = "app_protocol")]
    _app_protocol: Option<String>,
    #[serde(default, rename = "mode")]
    _mode: Option<Mode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Host,
    Ingress,
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
    fn a_range_is_a_port_each() {
        let spread = |ports: Value| {
            let mut service = serde_json::json!({ "ports": ports });
            spread_ranges(&mut service).map(|()| service["ports"].clone())
        };
        let ports = serde_json::json!(["127.0.0.1:8000-8001:80-81/udp", 9, "7000-7001", "1:2"]);

        let all = spread(ports).unwrap();

        let expected = serde_json::json!([
            "127.0.0.1:8000:80/udp",
            "127.0.0.1:8001:81/udp",
            9,
            ":7000/tcp",
            ":7001/tcp",
            "1:2"
        ]);
        assert_eq!(all, expected);
        for text in all.as_array().unwrap().iter().filter_map(Value::as_str) {
            assert!(text.parse::<Port>().is_ok(), "{text}");
        }
        for bad in ["1-2:3-5", "2-1:4-3", "0-1:0-1", "1-x:1-2"] {
            let error = spread(serde_json::json!([1, bad])).unwrap_err();
            assert!(error.message().starts_with("`ports[1]`: `"), "{error}");
        }
    }

    #[test]
    fn the_long_form_says_the_same() {
        let long = serde_json::json!({"host_ip": "127.0.0.1", "published": "8080", "target": 80});

        let read: Port = serde_json::from_value(long).unwrap();

        assert_eq!(read, port(Some("127.0.0.1"), Some(8080), 80));
    }
}
