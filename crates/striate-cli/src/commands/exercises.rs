use crate::Ended;
use crate::output::{Output, percent};
use clap::Args;
use serde_json::json;
use std::io::{self, BufRead};
use striate::exercises::{Answer, Exercise, all};
use striate::prelude::*;
use striate::suggest::nearest;

#[derive(Debug, Args)]
pub(crate) struct ExercisesArgs {
    /// Those to do [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Show the answers and the way to them; ask nothing
    #[arg(long)]
    answers: bool,
}

pub(crate) fn run(args: &ExercisesArgs, output: &mut Output) -> Result<Ended> {
    let exercises = chosen(all()?, &args.names)?;
    if args.answers {
        match output.is_json() {
            true => output.object(&json!({ "exercises": exercises }))?,
            false => {
                for (number, exercise) in exercises.iter().enumerate() {
                    ask(number, exercise, output)?;
                    tell(exercise, output)?;
                }
            }
        }
        return Ok(Ended::Well);
    }
    let mut lines = io::stdin().lock().lines();
    let (mut right, mut done) = (0, 0);
    'exercises: for (number, exercise) in exercises.iter().enumerate() {
        if output.is_json() {
            let choices: Vec<_> = exercise.choices.iter().map(|choice| &choice.text).collect();
            output.object(&json!({
                "event": "question", "name": exercise.name, "question": exercise.question, "choices": choices,
                "expected": exercise.expected(),
            }))?;
        } else {
            ask(number, exercise, output)?;
            output.line(format!("Your answer ({}):", exercise.expected()))?;
        }
        // An answer that cannot be read is asked for again.
        let (given, verdict) = loop {
            let Some(line) = lines.next() else { break 'exercises };
            let line = line.map_err(|failure| Error::data("the answer cannot be read").found(failure))?;
            if line.trim().is_empty() {
                continue;
            }
            match exercise.judge(&line) {
                Ok(verdict) => break (line, verdict),
                Err(error) if output.is_json() => {
                    output.object(&json!({ "event": "unclear", "name": exercise.name, "error": error }))?;
                }
                Err(error) => output.line(format!("{error}\nOnce more:"))?,
            }
        };
        done += 1;
        right += usize::from(verdict.right);
        if output.is_json() {
            output.object(&json!({
                "event": "verdict", "name": exercise.name, "given": given.trim(), "right": verdict.right,
                "because": verdict.because, "answer": exercise.answer, "steps": exercise.steps,
                "choices": exercise.choices,
            }))?;
            continue;
        }
        match (verdict.right, verdict.because) {
            (true, _) => output.line("Right.")?,
            (false, None) => output.line("No.")?,
            (false, Some(because)) => output.line(format!("No, that statement is true: {because}."))?,
        }
        tell(exercise, output)?;
    }
    let part = right as f64 / done.max(1) as f64;
    match output.is_json() {
        true => output.object(&json!({ "event": "done", "asked": done, "right": right, "part": part }))?,
        false => output.line(format!("{right} of {done} right ({})", percent(part)))?,
    }
    Ok(Ended::Well)
}

fn chosen(all: Vec<Exercise>, names: &[String]) -> Result<Vec<Exercise>> {
    if names.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| {
        all.iter().find(|exercise| exercise.name == name).cloned().ok_or_else(|| {
            let known = || all.iter().map(|exercise| exercise.name);
            let error = Error::usage("there is no such exercise")
                .found(format!("`{name}`"))
                .expected(known().collect::<Vec<_>>().join(", "));
            match nearest(name, known()) {
                Some(meant) => error.hint(format!("did you mean `{meant}`?")),
                None => error.hint("`striate exercises --answers` shows them all"),
            }
        })
    };
    names.iter().map(find).collect()
}

fn ask(number: usize, exercise: &Exercise, output: &mut Output) -> Result<()> {
    output.line(format!("{}. {} ({})", number + 1, exercise.question, exercise.name))?;
    for (letter, choice) in ('A'..).zip(&exercise.choices) {
        output.line(format!("   {letter}. {}", choice.text))?;
    }
    Ok(())
}

/// The answer and the way to it.
fn tell(exercise: &Exercise, output: &mut Output) -> Result<()> {
    exercise.steps.iter().try_for_each(|step| output.line(format!("   · {step}")))?;
    for (letter, choice) in ('A'..).zip(&exercise.choices) {
        let holds = if choice.holds { "true" } else { "wrong" };
        output.line(format!("   {letter} is {holds}: {}", choice.because))?;
    }
    match &exercise.answer {
        Answer::Letter(letter) => output.line(format!("   answer: {letter}\n")),
        answer => output.line(format!("   answer: {answer}\n")),
    }
}
