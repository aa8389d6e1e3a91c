/** The variables that `roost` itself reads; those of the processes that `up` starts are in their own documentation. */
export const environmentMeanings: readonly { name: string; meaning: string }[] = [
  { name: "ROOST_HOME", meaning: "the home; ~/.roost when not set. The gateway's address and token are found in it" },
  { name: "ROOST_URL", meaning: "a gateway elsewhere, as in http://127.0.0.1:7717; the home is then not needed" },
  { name: "ROOST_TOKEN", meaning: "the token of that gateway: the content of .roost/token in its home" },
  { name: "VISUAL, EDITOR", meaning: "the editor of roost jobs edit; vi when not set" },
  { name: "NO_COLOR", meaning: "no colours, whatever the output is" },
  { name: "FORCE_COLOR", meaning: "colours, whatever the output is; 0 is none" },
  { name: "COLUMNS", meaning: "the width of tables; the terminal's when not set, 120 in a file or a pipe" },
];
