//! Handshakes that pause for a job.

use super::{Connection, Reading};
use crate::error::Error;
use crate::handshake::{Job, JobResult, Machine, Workspace};
use crate::mem::{ArenaLease, OutBuf};

impl Connection {
    /// Whether the handshake has paused for a job. Until it is resumed, nothing is read ([`Progress::Paused`](super::Progress)): what
    /// the peer sends meanwhile, alerts included, stays in the receive buffer. Timeouts are the caller's affair.
    pub const fn is_paused(&self) -> bool {
        matches!(self.reading, Reading::Paused)
    }

    /// The job that the handshake has paused for, once. Look for it after every call that reads, and after
    /// [`Connection::resume`], unless the configuration pauses for none
    /// ([`pause_for`](super::ServerConfigBuilder::pause_for)).
    ///
    /// ```
    /// # use tls_engine::{Connection, Error, OutBuf};
    /// fn resume_at_once(connection: &mut Connection, output: &mut OutBuf) -> Result<(), Error> {
    ///     while let Some(job) = connection.take_job() {
    ///         // On this thread, or on another one.
    ///         let result = job.run();
    ///         connection.resume(result, output)?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn take_job(&mut self) -> Option<Job> {
        self.handshake.as_mut()?.effects.take_job()
    }

    /// Goes on with the handshake, with the result of its job. What has to be sent is added to `output`. The messages that were
    /// received with the one that has paused it are processed, which may pause it again.
    ///
    /// # Errors
    /// [`Error::Usage`] where this is not the result that the connection waits for. Nothing has happened then. Otherwise errors are
    /// those of [`Connection::read_tls`] where jobs are done at once: they are final, and the alert is in `output`.
    pub fn resume(&mut self, result: JobResult, output: &mut OutBuf) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let is_awaited = self.awaits(&result);
        let Some(workspace) = self.handshake.take_if(|_| is_awaited) else {
            return Err(Error::Usage("the result of a job that this connection does not wait for"));
        };
        self.resume_with(workspace, result, output).inspect_err(|error| self.fail(error, output))
    }

    /// Whether `result` is the one that it waits for.
    pub(crate) fn awaits(&self, result: &JobResult) -> bool {
        self.handshake.as_ref().is_some_and(|workspace| workspace.awaited_job() == Some(result.id()))
    }

    fn resume_with(
        &mut self,
        mut workspace: ArenaLease<Workspace>,
        result: JobResult,
        output: &mut OutBuf,
    ) -> Result<(), Error> {
        // Where a callback panics, there is nothing to wait for any more.
        self.reading = Reading::Open;
        let Workspace { machine, effects, reassembler } = &mut *workspace;
        let Some(state) = machine.take() else { return Err(Error::Internal("a handshake that has ended")) };
        *machine = Some(state.resume(result, effects)?);
        self.carry_out(effects, output)?;
        if let Some(job) = effects.awaited_job() {
            Machine::pause(machine, job)?;
        } else {
            let held = reassembler.take_held();
            let processed = self.on_messages(&mut workspace, held.as_slice(), output);
            workspace.reassembler.put_back(held);
            processed?;
        }
        self.end_step(workspace);
        self.note();
        Ok(())
    }

    /// Keeps the memory of the handshake, unless that is done.
    pub(super) fn end_step(&mut self, workspace: ArenaLease<Workspace>) {
        if !self.is_handshaking() {
            return;
        }
        if workspace.effects.awaited_job().is_some() {
            self.reading = Reading::Paused;
        }
        self.handshake = Some(workspace);
    }
}
