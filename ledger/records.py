"""The ledger's rows as frozen dataclasses.

A `user` in these records is the *external id*: what the client calls its user (the request's `user` or the header
`X-Attune-User`), and the empty string where it names none. The ledger maps it to an opaque row of `users` by itself.
Times are aware and in UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from ledger.clock import utc_now

T = TypeVar("T")

Json = Mapping[str, Any]
Scope = Literal["inference", "feedback", "admin", "vouch"]
Keep = Literal["full", "metadata", "nothing"]
Status = Literal["complete", "partial", "error"]
Route = Literal["live", "canary", "pinned"]
Kind = Literal["thumb", "comparison", "correction"]
Role = Literal["system", "user", "assistant"]
VersionForm = Literal["base", "adapter", "full"]
VersionState = Literal["candidate", "passed", "canary", "live", "retired", "rejected"]
ErasedKind = Literal["user", "conversation", "completion"]
EngineState = Literal["starting", "ready", "draining", "failed"]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key to the API. Its secret is not kept: `secret_sha256` is the SHA-256 (hex) of the whole key.

    Attributes:
        keep: The most that is kept of its answers; a request can ask for less.
    """

    id: str
    prefix: str
    secret_sha256: str
    name: str
    owner: str
    scopes: tuple[str, ...]
    requests_per_minute: int | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    keep: Keep = "full"

    def usable(self, now: datetime) -> bool:
        """Whether the key opens anything at `now`: neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class User:
    """A person: an opaque id for what an owner's app calls its user.

    Attributes:
        counts_as: The rater whose weight they share with other users; None for one who counts alone.
    """

    id: str
    owner: str
    external_id: str
    created_at: datetime
    counts_as: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers (`n`) of a completion."""

    index: int
    text: str
    finish_reason: str | None = None
    tool_calls: Sequence[Json] | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """One answered request.

    Attributes:
        id: As the client saw it (`chatcmpl-<hex>`, `cmpl-<hex>`, `resp_<hex>`).
        endpoint: The route that was called, such as `/v1/chat/completions`.
        messages: What was sent to the engine. Empty for endpoints without messages; their prompt stands in `params`.
        params: The other fields of the request.
        parent_id: The user's message that is answered; with `conversation_id`, the answer is stored under it.
        usage: OpenAI's usage object.
        ttft_ms: Milliseconds to the first token; None where nothing was streamed.
        error: Why the answer broke off, for `status` error.
        counts_as: What the client calls the rater whose weight this user shares; see `ledger.users.resolve`. Kept with
            the user, and so None in a row that is read.
        kept: How much of it is stored; `ledger.completions.insert` leaves out the rest (`ledger.kept`).
        refused: Whether the first choice refused to answer, where its text is not kept and said something.
    """

    id: str
    endpoint: str
    owner: str
    key_id: str
    user: str
    messages: Sequence[Json]
    params: Json
    choices: tuple[Choice, ...]
    status: Status
    model_version: int | None = None
    route: Route = "live"
    conversation_id: str | None = None
    parent_id: str | None = None
    usage: Json | None = None
    ttft_ms: float | None = None
    duration_ms: float | None = None
    error: str | None = None
    created_at: datetime = field(default_factory=utc_now)
    counts_as: str | None = None
    kept: Keep = "full"
    refused: bool | None = None


@dataclass(frozen=True, slots=True)
class NewFeedback:
    """Feedback as it comes in; `ledger.feedback.add` checks it and makes a `Feedback` of it.

    Attributes:
        value: 1 up (or: this answer is better than `preferred_over`), -1 down (or: it is worse), 0 takes the vote back.
        preferred_over: The completion id that this answer is compared with.
        preferred_over_choice: Which choice of that completion.
        source: Where the vote was given, such as `chat_ui`.
    """

    completion_id: str
    owner: str
    user: str
    value: int
    choice_index: int = 0
    reasons: tuple[str, ...] = ()
    comment: str | None = None
    correction: str | None = None
    preferred_over: str | None = None
    preferred_over_choice: int = 0
    source: str | None = None
    idempotency_key: str | None = None
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class Feedback:
    """A row of feedback, never changed after it is written. Fields as in `NewFeedback`."""

    id: str
    completion_id: str
    owner: str
    user: str
    kind: Kind
    value: int
    choice_index: int
    reasons: tuple[str, ...]
    comment: str | None
    correction: str | None
    preferred_over: str | None
    preferred_over_choice: int
    source: str | None
    idempotency_key: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FeedbackFilter:
    """Which feedback `ledger.feedback.search` returns; None means any.

    Attributes:
        since: Not older than this.
        until: Older than this.
        snapshot_id: Held by this snapshot.
    """

    owner: str | None = None
    user: str | None = None
    completion_id: str | None = None
    kind: str | None = None
    value: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    snapshot_id: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its messages. `settings` holds the system prompt and the sampling of its chat."""

    id: str
    owner: str
    user: str
    title: str
    settings: Json
    share_token: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation's tree.

    Attributes:
        parent_id: The message it follows; None for a first one. Those with the same parent are siblings: regenerated
            answers, or an edited question.
        completion_id: For an answer, the completion it came from; with `choice_index`.
        status: For an answer, whether it is complete, partial or broken off.
        model_version: For an answer, who gave it.
        feedback: For an answer, the latest vote of the caller; None where there is none or it was taken back.
    """

    id: str
    conversation_id: str
    parent_id: str | None
    role: Role
    content: str
    created_at: datetime
    completion_id: str | None = None
    choice_index: int | None = None
    status: Status | None = None
    model_version: int | None = None
    feedback: Feedback | None = None


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What was erased, and when. The id is opaque and names nobody outside the ledger."""

    kind: ErasedKind
    id: str
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A user's message as it comes in. Sending the same `client_id` again does not store it twice."""

    conversation_id: str
    owner: str
    user: str
    content: str
    parent_id: str | None = None
    client_id: str | None = None
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class ConversationTree:
    """A conversation and all its messages, oldest first, so that a parent always stands before its children."""

    conversation: Conversation
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list, newest first. While `has_more`, ask for the next with `after` = the id of the last item."""

    items: tuple[T, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model that can be served as `attune@v<number>`.

    Attributes:
        parent_number: The version it was trained from; None for a base.
        path: Of the artefact: a folder, or a URL.
        sha256: Of the artefact, in hex.
        run_id: The alignment run that made it.
        gate_report: What the gate found.
        probe: Token log-probabilities of fixed prompts, to recognise the model by after loading.
        erased_at: When data it was trained on was erased; None if none was.
    """

    number: int
    parent_number: int | None
    form: VersionForm
    path: str
    sha256: str
    state: VersionState
    created_at: datetime
    run_id: str | None = None
    gate_report: Json | None = None
    probe: Json | None = None
    erased_at: datetime | None = None

    @property
    def name(self) -> str:
        """The name it is served under."""
        return f"attune@v{self.number}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen set of feedback and the files made of it.

    Attributes:
        content_sha256: Over the files, in hex: the same feedback gives the same.
        path: The folder of the files.
        filters: The settings that it was cleaned with.
        counts: What was read, kept, and dropped for which reason.
        erased_at: When some of its feedback was erased; None if none was.
    """

    id: str
    content_sha256: str
    path: str
    filters: Json
    counts: Json
    created_at: datetime
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlignmentRun:
    """One run of the alignment job.

    Attributes:
        parent_number: The version that it starts from.
        stage: The stage that it is in, or was in when it ended.
        config: As resolved: with every default.
        metrics: What each stage found, by its name.
        energy_joules: Used so far, as far as it was measured or estimated; None if it was neither.
        error: Why it ended without a version, or without a verdict on it; None while it runs, and when it is done.
        finished_at: When it ended, well or not; None while it runs, and for one that was killed.
    """

    id: str
    snapshot_id: str | None
    parent_number: int | None
    stage: str
    config: Json
    metrics: Json
    created_at: datetime
    updated_at: datetime
    energy_joules: float | None = None
    error: str | None = None
    finished_at: datetime | None = None

    @property
    def done(self) -> bool:
        """Whether it came to its end."""
        return self.finished_at is not None and self.error is None


@dataclass(frozen=True, slots=True)
class Deployment:
    """Desired state: which version is live, and which is tried on what share (0 to 1) of the users."""

    live_version: int | None
    canary_version: int | None
    canary_share: float
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Engine:
    """Observed state of one engine. Written by the controller only.

    Attributes:
        url: `unix:///path/engine.sock`, or `http://host:port`.
        message: Why it is in this state, as a sentence for people.
        control_tokens: The tokenizer's special tokens as text, which must not pass inside a user's message.
        pid: Of its process; None for an engine that somebody else runs.
        model_name: What the engine calls the model, where that is not `attune@v<number>`: an engine that somebody else
            runs, or one that served something else under that name before.
    """

    id: str
    url: str
    version_number: int
    state: EngineState
    message: str = ""
    control_tokens: tuple[str, ...] = ()
    pid: int | None = None
    model_name: str | None = None
    started_at: datetime = field(default_factory=utc_now)
    updated_at: datetime = field(default_factory=utc_now)

    @property
    def upstream_model(self) -> str:
        """The `model` to send to this engine."""
        return self.model_name or f"attune@v{self.version_number}"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change of desired state: who did what to which subject, why and when."""

    id: str
    actor: str
    action: str
    subject: str
    reason: str
    created_at: datetime
    detail: Json | None = None
