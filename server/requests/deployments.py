"""The bodies of POST requests to change the deployment."""

from typing import Annotated

from pydantic import Field

from server.requests.fields import RequestModel, text

Version = Annotated[int, Field(ge=1, le=999_999_999, description="The number of the version.")]
Reason = Annotated[str, text(500, 1)]


class CanaryRequest(RequestModel):
    """Try a version on a share of the people."""

    version: Version
    share: Annotated[float, Field(gt=0, le=1, description="Of the people.")]
    reason: Reason


class DeploymentRequest(RequestModel):
    """Promote, withdraw or roll back a version, which must still be what the caller believes it to be."""

    version: Version
    reason: Reason
