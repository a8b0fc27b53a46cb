//! What the switch `inline` changes, read from the machine code of the program that this is part of: the split loop calls each
//! step, and the inlined one calls none of them, although it does what they do.

use std::collections::HashMap;
use std::process::{Command, ExitCode};

/// The loops, by the ends of their names, with the steps that the split form of each has to call. Each is there as often with
/// inlined steps as with split ones.
const LOOPS: [(&str, &[&str]); 2] =
    [("Connection>::take_record", &["deframe", "open"]), ("Sealer::seal_batch", &["seal"])];

/// The split steps are functions of this type.
const SPLIT: &str = "record::path::Split as ";
/// What must not be called where it is inlined, under whatever name.
const STEPS: [&str; 6] = [
    "record::path::",
    "deframe::deframe",
    "Opener::open",
    "RecordKey::seal_from",
    "RecordKey::open",
    "key::take_inner",
];

/// Takes the program apart that runs, prints what it finds, and fails where that is not as it should be.
pub fn check_this_program() -> ExitCode {
    let text = objdump(&["--disassemble", "--no-show-raw-insn", "--demangle"]);
    // Of position-independent programs, functions may be called through a table, which is filled when the program starts.
    let table = objdump(&["--dynamic-reloc"]);
    match text.and_then(|text| check(&functions(&text, &pointers(&table?)))) {
        Ok(report) => {
            println!("{report}kept: the split loops call their steps, the inlined ones have them inside");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("NOT kept: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// What objdump says about this program.
fn objdump(arguments: &[&str]) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program is nowhere: {error}"))?;
    let output = Command::new("objdump").args(arguments).arg(program).output();
    let output = output.map_err(|error| format!("objdump (of binutils) does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("objdump: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where the places that the loader fills point to.
fn pointers(relocations: &str) -> HashMap<u64, u64> {
    let read = |line: &str| {
        let (place, rest) = line.split_once(" R_")?;
        let (_, target) = rest.split_once("*ABS*+0x")?;
        Some((hexadecimal(place)?, hexadecimal(target)?))
    };
    relocations.lines().filter_map(read).collect()
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim(), 16).ok()
}

/// Checks every loop, and then that this check would have noticed: with all calls of one step taken out, it has to fail.
fn check(functions: &[Function<'_>]) -> Result<String, String> {
    let mut report = String::new();
    for (name, steps) in LOOPS {
        report += &check_loop(functions, name, steps)?;
        for step in steps {
            let mut changed = functions.to_vec();
            changed.iter_mut().for_each(|function| function.calls.retain(|call| !is_step(call, step)));
            if check_loop(&changed, name, steps).is_ok() {
                return Err(format!("{name}: a missing call of {step} goes unnoticed"));
            }
        }
        let mut changed = functions.to_vec();
        let call = format!("<tls_engine::{SPLIT}tls_engine::record::path::Path>::{}", steps[0]);
        changed.iter_mut().for_each(|function| function.calls.push(call.clone()));
        if check_loop(&changed, name, steps).is_ok() {
            return Err(format!("{name}: a call of {} in the inlined loop goes unnoticed", steps[0]));
        }
    }
    Ok(report)
}

fn check_loop(functions: &[Function<'_>], name: &str, steps: &[&str]) -> Result<String, String> {
    let loops: Vec<_> = functions.iter().filter(|function| function.is_called(name)).collect();
    let is_split = |function: &&&Function<'_>| function.calls.iter().any(|call| call.contains(SPLIT));
    let (split, inlined): (Vec<&&Function<'_>>, Vec<_>) = loops.iter().partition(is_split);
    if split.is_empty() || split.len() != inlined.len() {
        return Err(format!("{name}: {} split, {} inlined", split.len(), inlined.len()));
    }
    for function in &split {
        if let Some(step) = steps.iter().find(|step| !function.calls.iter().any(|call| is_step(call, step))) {
            return Err(format!("{name}, split, does not call {step}: {:?}", function.calls));
        }
    }
    for function in &inlined {
        if let Some(call) = function.calls.iter().find(|call| STEPS.iter().any(|step| call.contains(step))) {
            return Err(format!("{name}, inlined, calls {call}"));
        }
        // The primitive is behind a pointer: who calls it is who opens or seals.
        if function.indirect_calls == 0 {
            return Err(format!("{name}, inlined, calls no primitive"));
        }
    }
    let steps = steps.join(", ");
    let instructions =
        |functions: &[&&Function<'_>]| functions.iter().map(|function| function.instructions).collect::<Vec<_>>();
    Ok(format!(
        "{name}: {} split, {:?} instructions, calling {steps}; {} inlined, {:?} instructions, calling none of them\n",
        split.len(),
        instructions(&split),
        inlined.len(),
        instructions(&inlined),
    ))
}

fn is_step(call: &str, step: &str) -> bool {
    call.contains(SPLIT) && call.ends_with(&format!(">::{step}"))
}

/// A function of the program.
#[derive(Clone)]
struct Function<'a> {
    name: &'a str,
    address: u64,
    instructions: usize,
    /// What it calls by name, or jumps to at its end.
    calls: Vec<String>,
    /// Places that hold the addresses of what it calls.
    places: Vec<u64>,
    /// How often it calls what a register points to.
    indirect_calls: usize,
}

impl Function<'_> {
    /// Whether its name ends with `name`, types of its own left aside.
    fn is_called(&self, name: &str) -> bool {
        self.name.ends_with(name) || self.name.contains(&format!("{name}::<"))
    }

    fn read(&mut self, instruction: &str) {
        self.instructions += 1;
        let (mnemonic, operand) = instruction.split_once([' ', '\t']).unwrap_or((instruction, ""));
        let is_call = matches!(mnemonic, "call" | "bl" | "blr");
        let is_jump = matches!(mnemonic, "jmp" | "b");
        if operand.contains("(%rip)") && (is_call || is_jump) {
            let place = operand.split_once("# ").and_then(|(_, place)| hexadecimal(place.split(' ').next()?));
            self.places.extend(place);
        } else if let Some((_, target)) = operand.split_once('<') {
            let target = target.trim_end().trim_end_matches('>');
            // A jump to another function is a call at the end.
            let is_within =
                target.strip_prefix(self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with("+0x"));
            if is_call || (is_jump && !is_within) {
                self.calls.push(target.to_owned());
            }
        } else if is_call {
            self.indirect_calls += 1;
        }
    }
}

/// Reads the text of objdump, for x86-64 and AArch64.
fn functions<'a>(text: &'a str, pointers: &HashMap<u64, u64>) -> Vec<Function<'a>> {
    let mut functions: Vec<Function<'_>> = Vec::new();
    for line in text.lines() {
        if let Some((address, name)) = line.strip_suffix(">:").and_then(|line| line.split_once(" <")) {
            let address = hexadecimal(address).unwrap_or(0);
            let (calls, places) = (Vec::new(), Vec::new());
            functions.push(Function { name, address, instructions: 0, calls, places, indirect_calls: 0 });
        } else if let Some((function, (_, instruction))) = functions.last_mut().zip(line.split_once(":\t")) {
            function.read(instruction);
        }
    }
    let names: HashMap<u64, &str> = functions.iter().map(|function| (function.address, function.name)).collect();
    for function in &mut functions {
        let called = function.places.iter().filter_map(|place| names.get(pointers.get(place)?));
        function.calls.extend(called.map(|name| (*name).to_owned()));
    }
    functions
}
