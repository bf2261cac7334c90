//! Codes of webhook deliveries: the refused ones, then the ignored ones.

use super::code::{Area, Code, Definition, reasons};

reasons! { Deliveries:
    SIGNATURE_WRONG = "signature_wrong",
        "The delivery has no signature, or one that was not made of its body with the secret of this server.",
        "set the webhook's secret on GitHub to the one that this server uses";
    BODY_TOO_LARGE = "body_too_large",
        "The delivery's body is larger than the setting `max_body_bytes`.",
        "subscribe the webhook only to the events in the installation guide, or raise `max_body_bytes`";
    BODY_TOO_SLOW = "body_too_slow",
        "The delivery's body did not arrive in time.",
        "redeliver it";
    BODY_TRUNCATED = "body_truncated",
        "The delivery's body ended before its announced end.",
        "redeliver it";
    HEADER_MISSING = "header_missing",
        "A header that GitHub sends with each delivery is missing or malformed.",
        "send the headers that GitHub sends";
    NOT_JSON = "not_json",
        "The delivery's body is not JSON, or its content type is another one.",
        "set the webhook's content type on GitHub to application/json";
    NOT_UTF8 = "not_utf8",
        "The text is not UTF-8.",
        "save or send it as UTF-8";
    PAYLOAD_UNREADABLE = "payload_unreadable",
        "A field of the delivery's payload is missing or of the wrong type.",
        "send what GitHub's webhook documentation describes";
    REPOSITORY_NOT_SERVED = "repository_not_served",
        "Ignored: the delivery is about a repository that is not in the settings.",
        "add the repository to the setting `repositories`, or remove the webhook from it";
    NOT_A_COMMAND = "not_a_command",
        "Ignored: the comment has no command for writ.",
        "do nothing, or begin a line of the comment with a command; `/help` lists them";
    PULL_REQUEST_NOT_KNOWN = "pull_request_not_known",
        "Ignored: the event is about a commit or branch of no pull request that was seen before.",
        "do nothing; an event of the pull request itself makes it known";
    ACTION_NOT_USED = "action_not_used",
        "Ignored: writ acts on other actions of this event.",
        "do nothing";
    EVENT_NOT_USED = "event_not_used",
        "Ignored: writ does not act on this event.",
        "subscribe the webhook to the events of the installation guide only";
    AUTHOR_UNKNOWN = "author_unknown",
        "Ignored: the comment has no author, because the account is gone.",
        "comment the command from an existing account";
    AUTHOR_NOT_A_PERSON = "author_not_a_person",
        "Ignored: the comment was written by a bot or an App.",
        "ask a person to comment the command";
    SENDER_NOT_THE_AUTHOR = "sender_not_the_author",
        "Ignored: the delivery was caused by another account than the comment's author.",
        "comment the command yourself";
    CHECK_NOT_OURS = "check_not_ours",
        "Ignored: the check run belongs to another program.",
        "do nothing";
    CHECK_NOT_NAMED = "check_not_named",
        "Ignored: a check run was completed that `policies/lanes.yaml` does not name.",
        "do nothing; to have a lane's head wait for it, name it there";
    NOT_A_BRANCH = "not_a_branch",
        "Ignored: a tag was deleted, not a branch.",
        "do nothing";
}
