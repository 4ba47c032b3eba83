//! Gets one object, whole or piece by piece. What breaks off is got again from its beginning, so that nothing counts twice.

use super::told::told;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf as _, Bytes};
use sealwatch_runtime::trouble::chain;
use std::fmt;
use std::io::{Error, Read, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Handle;

/// How often an object is got that breaks off. That a call is tried again before anything came is the SDK's.
pub const TRIES: usize = 4;

/// An object that was listed.
pub struct Object {
    client: Client,
    handle: Handle,
    bucket: Arc<str>,
    key: String,
}

/// Whether the connection broke off while something was read.
#[derive(Clone, Default)]
pub struct Cut(Arc<AtomicBool>);

impl Cut {
    pub fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Object {
    pub fn new(client: Client, handle: Handle, bucket: Arc<str>, key: String) -> Self {
        Self { client, handle, bucket, key }
    }

    /// Gets the object piece by piece; `cut` tells whether it broke off.
    ///
    /// # Errors
    /// If S3 doesn't give it.
    pub fn open(&self, cut: &Cut) -> Result<impl Read + use<>> {
        let call = self.client.get_object().bucket(&*self.bucket).key(&self.key);
        let answer = self.handle.block_on(call.send()).map_err(|error| {
            Error::other(told(&error, "s3:GetObject on it, and kms:Decrypt on the key it is encrypted with"))
        })?;
        Ok(Body { stream: answer.body, piece: Bytes::new(), handle: self.handle.clone(), cut: cut.clone() })
    }

    /// Gets the object whole, if it has no more than `most` bytes; whether it was all of it.
    ///
    /// # Errors
    /// If S3 doesn't give it, or it broke off each time.
    pub fn read_into(&self, bytes: &mut Vec<u8>, most: u64) -> Result<bool> {
        for _ in 1..TRIES {
            let cut = Cut::default();
            let read = self.read_once(bytes, most, &cut);
            if !cut.happened() {
                return read;
            }
        }
        self.read_once(bytes, most, &Cut::default())
    }

    fn read_once(&self, bytes: &mut Vec<u8>, most: u64, cut: &Cut) -> Result<bool> {
        bytes.clear();
        let got = self.open(cut)?.take(most + 1).read_to_end(bytes)?;
        Ok(got as u64 <= most)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

struct Body {
    stream: ByteStream,
    piece: Bytes,
    handle: Handle,
    cut: Cut,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        while self.piece.is_empty() {
            match self.handle.block_on(self.stream.next()) {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => {
                    self.cut.0.store(true, Ordering::Relaxed);
                    return Err(Error::other(format!("the answer breaks off: {}", chain(&error))));
                }
                None => return Ok(0),
            }
        }
        let count = self.piece.len().min(into.len());
        self.piece.copy_to_slice(into.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}
