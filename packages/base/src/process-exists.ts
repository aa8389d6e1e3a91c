/** Whether there is a process of this id, also one of another user. A number may be another program by now, or one that has ended and was not waited for. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
