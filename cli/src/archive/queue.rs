//! What is to be read: files that were found, and buckets that are listed while their objects are read.

use super::list::File;
use super::part::Part;
#[cfg(feature = "live")]
use super::s3;
use std::collections::VecDeque;
#[cfg(feature = "live")]
use std::sync::Arc;

enum Below {
    Path(std::vec::IntoIter<File>),
    #[cfg(feature = "live")]
    Bucket(Box<s3::Listing>),
}

/// The files of all paths, in order.
#[derive(Default)]
pub struct Queue {
    below: VecDeque<Below>,
    /// As many files were found.
    found: usize,
    /// As many of them were given out.
    given: usize,
    /// The size of the files that were found.
    size: u64,
    /// Of these, that of files that are listed while others are read.
    #[cfg(feature = "live")]
    listed: u64,
    #[cfg(feature = "live")]
    connection: Option<Arc<s3::Connection>>,
    /// What couldn't be listed.
    pub untold: Part,
}

impl Queue {
    pub fn files(&mut self, files: Vec<File>) {
        self.found += files.len();
        self.size += files.iter().map(|file| file.size).sum::<u64>();
        self.below.push_back(Below::Path(files.into_iter()));
    }

    /// What is below an address; what is wrong with it is told.
    #[cfg(not(feature = "live"))]
    #[expect(clippy::unused_self, reason = "with the feature it is used")]
    pub fn bucket(&mut self, url: &str, part: &mut Part) {
        part.unreadable(&url, &format_args!("this build has no S3; {}", super::HOW_TO_BUILD_LIVE));
    }

    /// What is below an address; what is wrong with it is told.
    #[cfg(feature = "live")]
    pub fn bucket(&mut self, url: &str, part: &mut Part) {
        let address = match s3::Url::parse(url) {
            Ok(address) => address,
            Err(error) => return part.unreadable(&url, &error),
        };
        let connection = match &self.connection {
            Some(connection) => Arc::clone(connection),
            None => match s3::Connection::new() {
                Ok(connection) => Arc::clone(self.connection.insert(Arc::new(connection))),
                Err(error) => return part.unreadable(&url, &format_args!("{error:#}")),
            },
        };
        self.below.push_back(Below::Bucket(Box::new(s3::Listing::new(connection, address))));
    }

    /// How many threads read: as many as are wanted, and more where they mostly wait.
    pub fn threads(&self, wanted: usize) -> usize {
        let files: usize = self.below.iter().map(Below::at_most).fold(0, usize::saturating_add);
        wanted.max(self.at_a_time()).min(files).max(1)
    }

    #[cfg(feature = "live")]
    fn at_a_time(&self) -> usize {
        if self.connection.is_some() { s3::REQUESTS } else { 1 }
    }

    #[cfg(not(feature = "live"))]
    #[expect(clippy::unused_self, reason = "with the feature it is used")]
    fn at_a_time(&self) -> usize {
        1
    }

    /// How many files were found so far.
    pub fn found(&self) -> usize {
        self.found
    }

    /// The size of all files that were found so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next file, with its number.
    pub fn next(&mut self) -> Option<(usize, File)> {
        loop {
            let file = match self.below.front_mut()? {
                Below::Path(files) => files.next(),
                #[cfg(feature = "live")]
                Below::Bucket(listing) => {
                    let mut part = Part::default();
                    let file = listing.next(&mut part);
                    self.found += usize::from(file.is_some());
                    // What can't be listed is told behind the files that were listed before.
                    part.number_troubles(self.given);
                    self.untold.join(part);
                    self.size += listing.size - std::mem::replace(&mut self.listed, listing.size);
                    file
                }
            };
            if let Some(file) = file {
                self.given += 1;
                return Some((self.given, file));
            }
            #[cfg(feature = "live")]
            {
                self.listed = 0;
            }
            self.below.pop_front();
        }
    }
}

impl Below {
    fn at_most(&self) -> usize {
        match self {
            Self::Path(files) => files.len(),
            #[cfg(feature = "live")]
            Self::Bucket(_) => usize::MAX,
        }
    }
}
