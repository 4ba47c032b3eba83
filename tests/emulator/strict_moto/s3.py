"""S3, only what learning a bucket's Region needs: `HeadBucket` as AWS answers strangers and callers without a signature, and the
redirect of who reads a bucket in another Region's name.

moto answers everyone as the owner. It never reads bucket policies or ACLs: whoever isn't the owner is refused.
"""

from __future__ import annotations

from typing import Any

from moto.s3.models import FakeBucket, s3_backends

from .wire import Answer, Call, aws_error

REGION_HEADER = "x-amz-bucket-region"


def find_bucket(name: Any) -> FakeBucket | None:
    """The bucket of that name, whichever account owns it: the names are shared by all."""
    partition, account = s3_backends.bucket_accounts.get(name, (None, None))
    return s3_backends[account][partition].buckets.get(name) if account else None


def head_bucket(call: Call) -> Answer | None:
    """The answer to a caller who doesn't own the bucket; None leaves the owner to moto."""
    bucket = find_bucket(call.parameters.get("Bucket"))
    if bucket is None:
        return aws_error(call, 404, "NoSuchBucket", "The specified bucket does not exist")
    if call.signed and bucket.account_id == call.account:
        return None
    answer = aws_error(call, 403, "AccessDenied", "Access Denied")
    # S3 names the Region with a refusal too: that is what the bucket-region discovery of the SDKs builds on.
    answer.headers.append((REGION_HEADER, bucket.region_name))
    return answer


def elsewhere(call: Call) -> Answer | None:
    """The redirect of a read that is signed for another Region than the bucket's."""
    if call.operation not in ("ListObjectsV2", "GetObject"):
        return None
    bucket = find_bucket(call.parameters.get("Bucket"))
    if bucket is None or bucket.region_name == call.region:
        return None
    answer = aws_error(call, 301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.")
    answer.headers.append((REGION_HEADER, bucket.region_name))
    return answer
