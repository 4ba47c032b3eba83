//! Lists what is below a prefix, a page at a time: an archive may have millions of objects.

use super::super::SCHEME;
use super::super::list::{File, Source, may_hold_events};
use super::super::part::Part;
use super::told::{region, told};
use super::{Connection, Object, Url};
use crate::aws::told::Told;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use std::sync::Arc;

/// What is asked for next.
enum Next {
    Page(Option<String>),
    /// Nothing is in a folder of that name: it may be an object's.
    Object,
    Nothing,
}

/// What is below an address, in the order of the keys.
pub struct Listing {
    connection: Arc<Connection>,
    client: Client,
    url: Url,
    bucket: Arc<str>,
    page: std::vec::IntoIter<File>,
    next: Next,
    /// Whether the bucket's Region was told once.
    moved: bool,
    objects: usize,
    files: usize,
    /// The size of all files that were listed so far.
    pub size: u64,
}

impl Listing {
    pub fn new(connection: Arc<Connection>, url: Url) -> Self {
        let client = connection.client(None);
        let (bucket, page) = (Arc::from(url.bucket.as_str()), Vec::new().into_iter());
        Self {
            connection,
            client,
            url,
            bucket,
            page,
            next: Next::Page(None),
            moved: false,
            objects: 0,
            files: 0,
            size: 0,
        }
    }

    /// The next file; what can't be listed is told.
    pub fn next(&mut self, part: &mut Part) -> Option<File> {
        loop {
            if let Some(file) = self.page.next() {
                return Some(file);
            }
            let (prefix, token, most) = match std::mem::replace(&mut self.next, Next::Nothing) {
                Next::Page(token) => (self.url.folder(), token, None),
                Next::Object => (self.url.prefix.clone(), None, Some(1)),
                Next::Nothing => return None,
            };
            match self.ask(&prefix, token.as_ref(), most) {
                Ok(answer) if most.is_none() => self.take_page(answer, token.as_ref(), part),
                Ok(answer) => self.take_object(&answer),
                Err(error) => {
                    part.unreadable(&self.url, &error);
                    part.remedies.extend(error.remedy);
                    return None;
                }
            }
            if matches!(self.next, Next::Nothing) && self.files == 0 {
                let why = match self.objects {
                    0 => "nothing is there",
                    _ => "no .json, .jsonl, .ndjson or .gz object is below it",
                };
                part.unreadable(&self.url, &why);
            }
        }
    }

    /// One page; where the bucket is in another Region, from there.
    fn ask(
        &mut self,
        prefix: &str,
        token: Option<&String>,
        most: Option<i32>,
    ) -> Result<ListObjectsV2Output, Told> {
        loop {
            let call = self.client.list_objects_v2().bucket(&*self.bucket).prefix(prefix);
            let call = call.set_continuation_token(token.cloned()).set_max_keys(most);
            let error = match self.connection.runtime.block_on(call.send()) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match region(&error).filter(|region| !self.moved && !self.is_in(region)) {
                Some(region) => {
                    self.moved = true;
                    self.client = self.connection.client(Some(&region));
                }
                None => return Err(told(&error, "s3:ListBucket on the bucket")),
            }
        }
    }

    fn is_in(&self, region: &str) -> bool {
        self.client.config().region().is_some_and(|own| own.as_ref() == region)
    }

    /// Takes in the page that `token` was given for.
    fn take_page(&mut self, answer: ListObjectsV2Output, token: Option<&String>, part: &mut Part) {
        self.next = match following(answer.is_truncated, answer.next_continuation_token, token) {
            Ok(Some(next)) => Next::Page(Some(next)),
            Ok(None) => Next::Nothing,
            Err(why) => {
                part.unreadable(&self.url, &why);
                Next::Nothing
            }
        };
        let mut page = Vec::new();
        for object in answer.contents.unwrap_or_default() {
            // The console makes an empty object of that name for each folder.
            let Some(key) = object.key.filter(|key| !key.ends_with('/')) else { continue };
            self.objects += 1;
            let name = key.rsplit('/').next().unwrap_or_default();
            if may_hold_events(name) {
                page.push(self.file(key, object.size));
            } else {
                part.counts.pass_over(format_args!("{SCHEME}{}/{key}", self.url.bucket));
            }
        }
        self.files += page.len();
        self.page = page.into_iter();
        if self.objects == 0 && matches!(self.next, Next::Nothing) && self.url.key().is_some() {
            self.next = Next::Object;
        }
    }

    /// An object that is named on its own is read whatever its name.
    fn take_object(&mut self, answer: &ListObjectsV2Output) {
        let found = answer.contents().iter().find(|object| object.key() == self.url.key());
        if let Some((key, size)) = found.and_then(|object| Some((object.key()?.to_owned(), object.size()))) {
            (self.objects, self.files) = (1, 1);
            self.page = vec![self.file(key, size)].into_iter();
        }
    }

    fn file(&mut self, key: String, size: Option<i64>) -> File {
        let size = size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
        self.size += size;
        let object =
            Object::new(self.client.clone(), self.connection.handle(), Arc::clone(&self.bucket), key);
        File { source: Source::Bucket(object), size }
    }
}

/// The token of the page behind the one that `asked` was given for; `None` if that was the last.
fn following(
    truncated: Option<bool>,
    next: Option<String>,
    asked: Option<&String>,
) -> Result<Option<String>, &'static str> {
    match (truncated, next) {
        (Some(true), Some(next)) if Some(&next) != asked => Ok(Some(next)),
        (Some(true), _) => Err("the list goes on, and S3 doesn't say where"),
        (Some(false) | None, _) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_goes_on_says_where_or_is_told() {
        let token = |text: &str| Some(text.to_owned());
        assert_eq!(following(Some(true), token("a"), None), Ok(token("a")));
        assert_eq!(following(Some(true), token("b"), token("a").as_ref()), Ok(token("b")));
        assert!(following(Some(true), token("a"), token("a").as_ref()).is_err());
        assert!(following(Some(true), None, None).is_err());
        assert_eq!(following(Some(false), None, token("a").as_ref()), Ok(None));
    }
}
