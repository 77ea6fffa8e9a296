//! An HTTP server on loopback, as simple as it can be: a thread per connection, one answer each, every request kept. It can
//! also do what servers should not.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// With what follows a question mark.
    pub path: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub at: Instant,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// What the server does.
pub enum Reply {
    /// Status, headers and body; the length is added.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Whatever it wants with the connection.
    Raw(Box<dyn FnOnce(&mut dyn Stream)>),
}

impl Reply {
    pub fn json(body: impl Into<String>) -> Self {
        Self::Answer(200, vec![("content-type", "application/json".to_owned())], body.into().into_bytes())
    }

    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), Vec::new())
    }

    pub fn to(location: impl Into<String>) -> Self {
        Self::Answer(302, vec![("location", location.into())], Vec::new())
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Answer(_, headers, _) = &mut self {
            headers.push((name, value.into()));
        }
        self
    }

    /// Sends this text and then nothing, until the other side goes.
    pub fn hang(text: &'static str) -> Self {
        Self::Raw(Box::new(move |stream| {
            let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
            let _ = stream.read(&mut [0; 1]);
        }))
    }
}

/// A running server. It ends with the test.
pub struct Web {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    scheme: &'static str,
}

impl Web {
    pub fn serve(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::wrapped("http", |stream| Box::new(stream), handler)
    }

    /// With something between the wire and what is said, such as TLS.
    pub fn wrapped(
        scheme: &'static str,
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + Sync + 'static,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, stopped) = (Arc::clone(&requests), Arc::clone(&stop));
        let (wrap, handler) = (Arc::new(wrap), Arc::new(handler));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (kept, wrap, handler) = (Arc::clone(&kept), Arc::clone(&wrap), Arc::clone(&handler));
                thread::spawn(move || answer(&mut *wrap(stream), &kept, &*handler));
            }
        });
        Self { port, requests, stop, scheme }
    }

    pub fn address(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|request| request.path == path).count()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn answer(mut stream: &mut dyn Stream, kept: &Mutex<Vec<Request>>, handler: &dyn Fn(&Request) -> Reply) {
    let Some(request) = read(&mut stream) else { return };
    kept.lock().unwrap().push(request.clone());
    // The other side may go whenever it wants.
    let _ = match handler(&request) {
        Reply::Raw(act) => {
            act(stream);
            Ok(())
        }
        Reply::Answer(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
            headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
            stream.write_all(format!("{head}\r\n").as_bytes()).and_then(|()| stream.write_all(&body))
        }
    };
    let _ = stream.flush();
}

fn read(stream: &mut &mut dyn Stream) -> Option<Request> {
    let at = Instant::now();
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Some(Request { path, headers, at })
}
