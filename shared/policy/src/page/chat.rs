//! The custom notification that chat integrations on AWS take.
//!
//! Format: "Custom notifications" of Amazon Q Developer in chat applications; version 1.0, title up to 250,
//! description up to 8,000, each next step up to 350 characters. Chat clients render marks and mentions, so
//! what could be one is replaced.

use serde_json::{Map, Value, json};

const TITLE_LIMIT: usize = 250;
const DESCRIPTION_LIMIT: usize = 8_000;
/// No limit is documented; a log group's ARN has at most some 600 characters.
const THREAD_LIMIT: usize = 700;
const STEP_LIMIT: usize = 350;

pub(super) fn notification(
    title: &str,
    text: &str,
    steps: &[String],
    thread: Option<&str>,
    context: &[(&str, &str)],
) -> Value {
    let context: Map<String, Value> =
        context.iter().map(|(key, value)| ((*key).to_owned(), Value::from(plain(value)))).collect();
    // A step that was cut might say something else: a long one stays in the description only.
    let steps: Vec<String> = steps
        .iter()
        .map(|step| plain(step))
        .filter(|step| step.chars().count() <= STEP_LIMIT)
        .take(10)
        .collect();
    json!({
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": cut(&plain(title), TITLE_LIMIT),
            "description": format!("```\n{}\n```", cut(&plain(text), DESCRIPTION_LIMIT - 16)),
            "nextSteps": steps,
        },
        "metadata": {
            "threadId": cut(&plain(thread.unwrap_or(title)), THREAD_LIMIT),
            "summary": cut(&plain(title), TITLE_LIMIT),
            "additionalContext": context,
        },
    })
}

/// Whether chat can show a text as it is: a command that was cut, or in which something was replaced, would be another command.
pub(super) fn shows(text: &str) -> bool {
    !text.contains(REPLACED) && text.chars().count() <= STEP_LIMIT
}

/// What a chat client would read as a mark, a link or a mention. A `>` alone is none of these, and commands redirect with it.
const REPLACED: [char; 2] = ['`', '<'];

/// Replaces it, by what no shell reads as more than a letter: the text holds commands, and names within their quotes.
fn plain(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '`' => 'ˋ',
            '<' => '‹',
            other => other,
        })
        .collect()
}

fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}
