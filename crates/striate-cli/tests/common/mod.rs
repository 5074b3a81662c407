//! A folder with a tiny model and tiny data, and the real program run in it.
#![allow(dead_code, unreachable_pub, reason = "shared by test files of which each uses a part")]

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// 8×8 pictures of a horizontal bar, a vertical pole, a diagonal slope.
pub const MODEL: &str = r#"version = 1
name = "tiny"
input = { shape = [1, 8, 8] }
classes = 3
layers = [
    { type = "conv2d", channels = 4, kernel = 3 },
    { type = "relu" },
    { type = "max_pool2d", window = 2 },
    { type = "flatten" },
    { type = "dense", units = 3 },
]
"#;

pub struct Bench {
    folder: TempDir,
}

pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Bench {
    /// Model in `tiny.toml`, 200 training and 60 test pictures in `data`.
    pub fn new() -> Self {
        let bench = Bench { folder: TempDir::new().unwrap() };
        bench.write("tiny.toml", MODEL.as_bytes());
        bench.write_data("data", 200, 60);
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn write_data(&self, folder: &str, train: usize, test: usize) {
        for (part, count) in [("train", train), ("t10k", test)] {
            let labels: Vec<u8> = (0..count).map(|i| (i % 3) as u8).collect();
            let pixels: Vec<u8> = (0..count).flat_map(picture).collect();
            self.write(&format!("{folder}/{part}-images-idx3-ubyte"), &idx(&[count, 8, 8], &pixels));
            self.write(&format!("{folder}/{part}-labels-idx1-ubyte"), &idx(&[count], &labels));
        }
        self.write(&format!("{folder}/classes.txt"), b"bar\npole\nslope\n");
    }

    pub fn write_png(&self, name: &str, sample: usize) {
        image::GrayImage::from_raw(8, 8, picture(sample)).unwrap().save(self.path(name)).unwrap();
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_striate"));
        command.args(line.split_whitespace()).current_dir(self.folder.path()).env_remove("NO_COLOR");
        // What was measured for the user must not decide what tests see.
        for cache in ["XDG_CACHE_HOME", "LOCALAPPDATA"] {
            command.env(cache, self.path("cache"));
        }
        command
    }

    #[track_caller]
    pub fn run(&self, line: &str) -> Ran {
        let output = self.command(line).output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that must do well.
    #[track_caller]
    pub fn well(&self, line: &str) -> Ran {
        let ran = self.run(line);
        assert_eq!(ran.code, Some(0), "striate {line}\n{}{}", ran.out, ran.err);
        ran
    }

    /// Begins a training with JSON events.
    pub fn begin(&self, line: &str) -> Running {
        let mut child = self.command(line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { child, lines }
    }

    /// Every file below a folder with its bytes.
    pub fn files(&self, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
            let Ok(entries) = fs::read_dir(folder) else { return };
            for entry in entries {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, files);
                } else {
                    files.push((path.clone(), fs::read(&path).unwrap_or_default()));
                }
            }
        }
        let mut files = vec![];
        walk(&self.path(name), &mut files);
        files.sort();
        files
    }
}

impl Ran {
    /// The objects on stdout, one a line.
    #[track_caller]
    pub fn objects(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The last object on stdout.
    #[track_caller]
    pub fn last(&self) -> Value {
        self.objects().pop().unwrap()
    }
}

pub struct Running {
    pub child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// The next event.
    pub fn next(&mut self) -> Option<Value> {
        Some(serde_json::from_str(&self.lines.next()?.unwrap()).unwrap())
    }

    /// Reads events up to a checkpoint within an epoch from the given one on.
    #[track_caller]
    pub fn read_until_checkpoint(&mut self, epoch: u64) -> Value {
        while let Some(event) = self.next() {
            if event["event"] == "checkpoint" && event["epoch"].as_u64().unwrap() >= epoch {
                return event;
            }
        }
        panic!("the training ended before epoch {epoch}");
    }
}

/// A reproducible picture: class `sample % 3`, in noise.
pub fn picture(sample: usize) -> Vec<u8> {
    let noise = |i: usize| (sample * 64 + i).wrapping_mul(2_654_435_761) >> 7 & 63;
    (0..64)
        .map(|i| {
            let (y, x) = (i / 8, i % 8);
            let on = match sample % 3 {
                0 => (3..5).contains(&y),
                1 => (3..5).contains(&x),
                _ => x == y,
            };
            (noise(i) + if on { 160 } else { 0 }) as u8
        })
        .collect()
}

/// The bytes of an IDX file of bytes.
pub fn idx(sizes: &[usize], content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|&size| bytes.extend((size as u32).to_be_bytes()));
    bytes.extend(content);
    bytes
}
