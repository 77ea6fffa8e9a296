//! Which addresses may be connected to.

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// How names become addresses.
pub(super) type Lookup = Arc<dyn Fn(String) -> Lookingup + Send + Sync>;
/// What kind of address it is, when it is not a public one.
type Inside = fn(IpAddr) -> Option<&'static str>;
type Lookingup = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Resolves names for the client, which connects to what comes from here and to nothing else: a name that means another
/// address a moment later does not help.
#[derive(Clone)]
pub(super) struct Guard {
    allow_private: bool,
    lookup: Lookup,
    inside: Inside,
}

/// An address that is not connected to.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{host} is {}{kind}; where that is meant, write allow_private = true", named(host, *address))]
pub(super) struct NotAllowed {
    host: String,
    address: IpAddr,
    kind: &'static str,
}

/// The address where the host is a name.
fn named(host: &str, address: IpAddr) -> String {
    if in_url(host) == Some(address) { String::new() } else { format!("{address}, ") }
}

/// The address that stands in a URL in place of a name.
fn in_url(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Why an address is refused whenever it is asked, as far as can be told without looking a name up.
pub(crate) fn refused(url: &Url, allow_private: bool) -> Option<String> {
    let host = url.host_str()?;
    let kind = if host == "localhost" { inside(Ipv4Addr::LOCALHOST.into()) } else { in_url(host).and_then(inside) };
    let kind = kind.filter(|_| !allow_private)?;
    Some(format!("{host} is {kind}; where that is meant, write allow_private = true"))
}

impl Guard {
    /// Asks the system.
    pub fn new(allow_private: bool) -> Self {
        let lookup = |host: String| -> Lookingup {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
        };
        Self { allow_private, lookup: Arc::new(lookup), inside }
    }

    /// Looks at an address that stands in the URL itself: no name is resolved for it.
    pub fn check(&self, url: &Url) -> Result<(), NotAllowed> {
        let host = url.host_str().unwrap_or_default();
        in_url(host).map_or(Ok(()), |address| self.allowed(host, address))
    }

    fn allowed(&self, host: &str, address: IpAddr) -> Result<(), NotAllowed> {
        match (self.inside)(address) {
            Some(kind) if !self.allow_private => Err(NotAllowed { host: host.to_owned(), address, kind }),
            _ => Ok(()),
        }
    }

    /// The addresses of a name, all of them looked at.
    async fn addresses(self, host: String) -> io::Result<Vec<SocketAddr>> {
        let found = (self.lookup)(host.clone()).await?;
        for address in &found {
            self.allowed(&host, address.ip()).map_err(io::Error::other)?;
        }
        if found.is_empty() {
            return Err(io::Error::other(format!("{host} has no address")));
        }
        Ok(found)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let resolved = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move {
            let addresses: Addrs = Box::new(resolved.await?.into_iter());
            Ok(addresses)
        })
    }
}

/// What is not on the open internet: IANA's special-purpose registries (RFC 6890 and its updates). `None` for a public
/// address.
fn inside(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => inside_v4(v4),
        IpAddr::V6(v6) => inside_v6(v6),
    }
}

fn inside_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, ..] => "an address of this network",
        [127, ..] => "this machine (loopback)",
        [169, 254, 169, 254] | [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192] => {
            "an address of cloud metadata"
        }
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] => "a private address",
        [169, 254, ..] => "a link-local address",
        [100, 64..=127, ..] => "an address shared within a provider",
        [192, 0, 0, _]
        | [192, 0, 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [198, 18..=19, ..]
        | [192, 88, 99, _] => "an address for special purposes",
        [224..=239, ..] => "a multicast address",
        [240..=255, ..] => "a reserved address",
        _ => return None,
    })
}

fn inside_v6(address: Ipv6Addr) -> Option<&'static str> {
    let [first, second, third, fourth, fifth, sixth, ..] = address.segments();
    let last = || {
        let [.., a, b, c, d] = address.octets();
        inside_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second) {
        // An IPv4 address in the clothes of an IPv6 one: mapped (RFC 4291), translated (RFC 6052).
        (0, 0) if (third, fourth, fifth, sixth) == (0, 0, 0, 0xffff) => last(),
        (0x64, 0xff9b) if (third, fourth, fifth, sixth) == (0, 0, 0, 0) => last(),
        (0, 0) if address == Ipv6Addr::LOCALHOST => Some("this machine (loopback)"),
        (0xfe80..=0xfebf, _) => Some("a link-local address"),
        (0xfc00..=0xfdff, _) => Some("a unique-local address"),
        (0xff00..=0xffff, _) => Some("a multicast address"),
        // Tunnels (Teredo, 6to4) can mean any IPv4 address; documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) | (0x3fff, 0..=0xfff) => Some("an address for special purposes"),
        (0x2000..=0x3fff, _) => None,
        _ => Some("no address of the open internet"),
    }
}

#[cfg(test)]
impl Guard {
    /// With names and private addresses of a test.
    pub fn of_test(allow_private: bool, lookup: Lookup, inside: Inside) -> Self {
        Self { allow_private, lookup, inside }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::runtime;

    use super::*;

    #[test]
    fn what_lies_inside_is_known() {
        let rows = [
            ("127.0.0.1", Some("loopback")),
            ("127.255.0.9", Some("loopback")),
            ("::1", Some("loopback")),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("64:ff9b::7f00:1", Some("loopback")),
            ("0.0.0.0", Some("this network")),
            ("::", Some("no address of the open internet")),
            ("::127.0.0.1", Some("no address of the open internet")),
            ("10.1.2.3", Some("private")),
            ("172.16.0.1", Some("private")),
            ("172.31.255.255", Some("private")),
            ("172.32.0.1", None),
            ("192.168.1.1", Some("private")),
            ("::ffff:192.168.1.1", Some("private")),
            ("64:ff9b::a00:1", Some("private")),
            ("169.254.1.1", Some("link-local")),
            ("fe80::1", Some("link-local")),
            ("169.254.169.254", Some("metadata")),
            ("100.100.100.200", Some("metadata")),
            ("168.63.129.16", Some("metadata")),
            ("fd00:ec2::254", Some("unique-local")),
            ("fc00::1", Some("unique-local")),
            ("100.64.0.1", Some("provider")),
            ("100.128.0.1", None),
            ("224.0.0.1", Some("multicast")),
            ("239.255.255.250", Some("multicast")),
            ("ff02::1", Some("multicast")),
            ("255.255.255.255", Some("reserved")),
            ("2002:7f00:1::", Some("special")),
            ("2001:0:7f00:1::", Some("special")),
            ("2001:db8::1", Some("special")),
            ("192.0.2.1", Some("special")),
            ("93.184.216.34", None),
            ("2606:2800:220:1:248:1893:25c8:1946", None),
            ("64:ff9b::5db8:d822", None),
            ("2001:4860:4860::8888", None),
        ];
        for (address, expected) in rows {
            let found = inside(address.parse().unwrap());
            match expected {
                Some(word) => assert!(found.is_some_and(|kind| kind.contains(word)), "{address}: {found:?}"),
                None => assert_eq!(found, None, "{address}"),
            }
        }
    }

    /// Hosts as people hide them: what the URL standard makes of them is looked at.
    #[test]
    fn literal_hosts_are_looked_at_in_every_spelling() {
        let guard = Guard::new(false);
        for host in ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:7f00:1]", "10.0.0.1"]
        {
            let url: Url = format!("http://{host}:8080/x").parse().unwrap();
            let line = guard.check(&url).unwrap_err().to_string();
            assert!(line.contains("allow_private"), "{host}: {line}");
            assert_eq!(Guard::new(true).check(&url), Ok(()));
        }
        for host in ["93.184.216.34", "localhost", "name.example"] {
            assert_eq!(guard.check(&format!("http://{host}/").parse().unwrap()), Ok(()), "a name is looked up: {host}");
        }
    }

    fn names(answers: &'static [&'static [&'static str]]) -> Lookup {
        let asked = AtomicUsize::new(0);
        Arc::new(move |_| {
            let answer = answers[asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)];
            Box::pin(async move { Ok(answer.iter().map(|a| SocketAddr::new(a.parse().unwrap(), 0)).collect()) })
        })
    }

    #[test]
    fn one_bad_address_refuses_a_name_and_each_connection_looks_anew() {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        let resolve = |guard: &Guard| runtime.block_on(guard.clone().addresses("name.example".to_owned()));
        let rebound = Guard::of_test(false, names(&[&["93.184.216.34"], &["93.184.216.34", "10.0.0.7"]]), inside);
        assert_eq!(resolve(&rebound).unwrap(), ["93.184.216.34:0".parse().unwrap()]);
        let line = resolve(&rebound).unwrap_err().to_string();
        assert!(line.contains("name.example is 10.0.0.7, a private address"), "{line}");
        assert!(resolve(&Guard::of_test(true, names(&[&["10.0.0.7"]]), inside)).is_ok());
        assert!(resolve(&Guard::of_test(true, names(&[&[]]), inside)).unwrap_err().to_string().contains("no address"));
    }
}
