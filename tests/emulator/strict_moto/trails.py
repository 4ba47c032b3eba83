"""Which trail a name or an ARN means to a caller, by Region, owner and kind of call.

Every account that doesn't own an organization trail counts as a member of its organization. It never changes a trail.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.cloudtrail.exceptions import (
    InvalidTrailNameException,
    TrailNameInvalidChars,
    TrailNameNotEndingCorrectly,
    TrailNameNotStartingCorrectly,
    TrailNameTooLong,
    TrailNameTooShort,
    TrailNotFoundException,
)
from moto.cloudtrail.models import Trail, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError

ARN = re.compile(r"arn:([a-z-]+):cloudtrail:([a-z0-9-]+):(\d{12}):trail/(.+)", re.DOTALL)
# Name, Region and account that an identifier names.
Identity = tuple[str, str, str]


def check_name(name: Any) -> None:
    if not isinstance(name, str) or not name:
        raise InvalidTrailNameException("Trail name cannot be blank!")
    if len(name) < 3:
        raise TrailNameTooShort(actual_length=len(name))
    if len(name) > 128:
        raise TrailNameTooLong(actual_length=len(name))
    if not re.fullmatch(r"[.\-_0-9a-zA-Z]+", name):
        raise TrailNameInvalidChars()
    if not name[0].isalnum():
        raise TrailNameNotStartingCorrectly()
    if not name[-1].isalnum():
        raise TrailNameNotEndingCorrectly()
    if re.search(r"[._-]{2}", name):
        raise InvalidTrailNameException("Trail name can't have adjacent periods, underscores or dashes.")
    if re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", name):
        raise InvalidTrailNameException("Trail name can't be in IP address format.")


def bad_arn(message: str) -> JsonRESTError:
    return JsonRESTError("CloudTrailARNInvalidException", message)


def identity_of_arn(response: CloudTrailResponse, given: Any) -> Identity:
    found = ARN.fullmatch(given) if isinstance(given, str) else None
    if found is None or found[1] != response.partition:
        raise bad_arn(f"The trail ARN {given} is not valid.")
    try:
        check_name(found[4])
    except InvalidTrailNameException:
        raise bad_arn(f"The trail ARN {given} is not valid.") from None
    return found[4], found[2], found[3]


def identity(response: CloudTrailResponse, given: Any) -> Identity:
    if isinstance(given, str) and given.startswith("arn:"):
        return identity_of_arn(response, given)
    check_name(given)
    return given, response.region, response.current_account


def all_trails(response: CloudTrailResponse) -> list[Trail]:
    """The trails of every account and Region of the caller's partition."""
    backends = [backend for account in list(cloudtrail_backends.values()) for backend in list(account.values())]
    return [trail for backend in backends for trail in list(backend.trails.values()) if trail.partition == response.partition]


def find(response: CloudTrailResponse, wanted: Identity) -> Trail | None:
    return next((trail for trail in all_trails(response) if (trail.trail_name, trail.region_name, trail.account_id) == wanted), None)


def not_found(response: CloudTrailResponse, wanted: Identity) -> TrailNotFoundException:
    name, region, account = wanted
    arn = f"arn:{response.partition}:cloudtrail:{region}:{account}:trail/{name}"
    return TrailNotFoundException(account_id=response.current_account, name=arn)


def visible(response: CloudTrailResponse, trail: Trail) -> bool:
    return trail.account_id == response.current_account or trail.is_org_trail is True


def to_read(response: CloudTrailResponse, given: Any) -> Trail:
    """A name means a trail of this Region and account; an ARN any Region's, and organization trails of others."""
    wanted = identity(response, given)
    trail = find(response, wanted)
    if trail is None or not visible(response, trail):
        raise not_found(response, wanted)
    return trail


def shadowed(response: CloudTrailResponse, wanted: Identity) -> Trail | None:
    """The multi-Region trail of this account whose shadow carries that name in this Region."""
    here = (response.region, response.current_account)
    own = [t for t in all_trails(response) if t.account_id == response.current_account and t.is_multi_region and t.trail_name == wanted[0]]
    return next(iter(own), None) if wanted[1:] == here else None


def to_change(response: CloudTrailResponse, given: Any) -> Trail:
    """The trail, if its owner asks in its home Region."""
    wanted = identity(response, given)
    trail = find(response, wanted) or shadowed(response, wanted)
    if trail is None or not visible(response, trail):
        raise not_found(response, wanted)
    if trail.account_id != response.current_account:
        raise JsonRESTError("NotOrganizationMasterAccountException", f"The trail {trail.arn} can be changed only by the management account of its organization.")
    if trail.region_name != response.region:
        raise JsonRESTError("InvalidHomeRegionException", f"The trail {trail.arn} must be changed in its home region {trail.region_name}.")
    return trail


def tagged(response: CloudTrailResponse, given: Any, changing: bool = False) -> Trail:
    """Tags are kept where the trail is at home, and for its owner: not even an organization trail shows them to members."""
    wanted = identity_of_arn(response, given)
    trail = find(response, wanted)
    if wanted[2] != response.current_account:
        if changing and trail is not None and trail.is_org_trail:
            to_change(response, given)
        raise bad_arn(f"AccountID in ARN is wrong, you can only access resources with AccountID {response.current_account}.")
    if wanted[1] != response.region:
        raise bad_arn(f"Region in ARN is wrong, you can only access resources in region {response.region}.")
    if trail is None:
        # These operations' model has no TrailNotFoundException.
        raise JsonRESTError("ResourceNotFoundException", f"Unknown trail: {given} for the user: {response.current_account}")
    return trail


def described(response: CloudTrailResponse, names: list[Any], shadows: bool) -> list[Trail]:
    """What DescribeTrails lists. Unknown names are left out; malformed ones are an error."""
    def here(trail: Trail) -> bool:
        return trail.account_id == response.current_account and trail.region_name == response.region

    wanted = [identity(response, name) for name in names]
    chosen: Callable[[Trail], bool]
    if wanted:
        def chosen(trail: Trail) -> bool:
            return (trail.trail_name, trail.region_name, trail.account_id) in wanted
    else:
        def chosen(trail: Trail) -> bool:
            return trail.is_multi_region is True or trail.region_name == response.region
    return [t for t in all_trails(response) if visible(response, t) and chosen(t) and (shadows or here(t))]
