//! Codes of comments that were meant as commands and cannot be read.

use super::code::{Area, Code, Definition, reasons};

reasons! { Commands:
    UNKNOWN_COMMAND = "unknown_command",
        "The comment begins with a slash word that is nearly one of writ's commands, but none of them.",
        "write the command again in a new comment; `/help` lists the commands";
    SEVERAL_COMMANDS = "several_commands",
        "The comment has more than one command. None of them was carried out.",
        "write one command per comment";
    MISSING_PROCEDURE = "missing_procedure",
        "The command needs the name of a procedure, and has none.",
        "write the procedure's name behind the command; `/help` lists the procedures";
    UNKNOWN_PROCEDURE = "unknown_procedure",
        "There is no procedure with this name in the library.",
        "check the name: `/help` and `writ procedures` list the procedures";
    MISSING_REASON = "missing_reason",
        "A change needs a reason, and none was given.",
        "add `reason=\"…\"` (at the terminal `--reason TEXT`): why this is needed, in one line";
    UNEXPECTED_WORD = "unexpected_word",
        "The command has a word that is not `key=value`, or a word where nothing may follow.",
        "put values with spaces in quotes, and leave out what the command does not take";
    UNKNOWN_ARGUMENT = "unknown_argument",
        "The procedure takes no argument with this name.",
        "check the name: `/explain PROCEDURE` lists the arguments";
    REPEATED_ARGUMENT = "repeated_argument",
        "An argument is given more than once.",
        "give each argument once";
    EMPTY_VALUE = "empty_value",
        "An argument has no value behind its `=`.",
        "give it a value, in quotes where the value has spaces";
    UNCLOSED_QUOTE = "unclosed_quote",
        "A quote is not closed on the line on which it begins.",
        "close it with a `\"`; a command and all of its values are on one line";
    TEXT_AFTER_QUOTE = "text_after_quote",
        "Text follows a closing quote without a space.",
        "put a space after the closing quote, or escape a quote inside the value as `\\\"`";
    FORBIDDEN_CHARACTER = "forbidden_character",
        "A value has a character that is invisible, reorders the text around it, or breaks the line.",
        "retype the value by hand, as one line of plain text";
    VALUE_TOO_LONG = "value_too_long",
        "A reason or another value is longer than 500 characters.",
        "say it in at most 500 characters and link to the rest";
    MISSING_RUN = "missing_run",
        "The command needs the id of a run, and has none.",
        "write the run's id behind the command; `/status` lists the runs of a page";
    NOT_A_RUN = "not_a_run",
        "The word in the place of a run's id is not one.",
        "give the run's id: 16 characters, a-z and 2-7; `/status` lists the runs of a page";
    MISSING_SUBJECT = "missing_subject",
        "`/explain` needs something to explain, and nothing is named.",
        "name a procedure or a reason code";
    THROUGH_AN_APP = "through_an_app",
        "The comment was made by an app on its author's behalf. Programs may not command.",
        "type the command yourself";
    COMMAND_IN_LIST = "command_in_list",
        "A command is written as an item of a list.",
        "write it again in a new comment, on a line of its own without `-`, `*` or a number before it";
    COMMAND_NOT_PLAIN = "command_not_plain",
        "A command is not plain text at the start of its line.",
        "write it again in a new comment, without emphasis, link, escape or HTML before or in it";
    COMMAND_AFTER_HTML = "command_after_html",
        "A command follows HTML that may hide it, or is inside such HTML.",
        "write it again in a new comment without HTML; text with `<` goes between back ticks";
    COMMAND_IN_TABLE = "command_in_table",
        "A command is beside a row of dashes and bars, which may make it a part of a table.",
        "write it again in a new comment, with an empty line between it and the table";
    COMMAND_PARTLY_HIDDEN = "command_partly_hidden",
        "A part of a command's line is an HTML comment, which readers do not see.",
        "write it again in a new comment, without the HTML comment";
}
