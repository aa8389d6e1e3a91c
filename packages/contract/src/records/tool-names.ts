/** Names of the built-in tools; those of services are `SERVICE_OPERATION`. */
export const toolNames: readonly string[] = [
  "ask_person",
  "consolidate_memory",
  "define_job",
  "delegate",
  "edit_file",
  "exec",
  "find_agents",
  "get_state",
  "git_push",
  "http_fetch",
  "http_send",
  "http_send_keyed",
  "list_files",
  "list_jobs",
  "list_runs",
  "lock",
  "notify",
  "once",
  "pause_job",
  "read_file",
  "read_log",
  "read_outside",
  "read_run",
  "recall",
  "remember",
  "reserve_subject",
  "run_job",
  "search_files",
  "set_state",
  "unlock",
  "use_skill",
  "view_part",
  "write_file",
];

/** Of an agent that names the agents it delegates to, or programs; and of the nightly consolidation. */
const namedOtherwise: readonly string[] = [
  "consolidate_memory",
  "delegate",
  "edit_file",
  "exec",
  "find_agents",
  "git_push",
];

/** What main of a new home has: all that an agent has by its list alone. */
export const starterToolNames = toolNames.filter((name) => !namedOtherwise.includes(name));
