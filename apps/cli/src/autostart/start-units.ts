/** What starts a home, or a command beside it, when its user logs in: a systemd user unit, or a launchd agent. Texts only; nothing is written or started here. */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";

export interface StartUnitOptions {
  homeDir: string;
  /** The user's directory, which holds the default home. */
  userDir: string;
  /** Where systemd looks for units of the user: $XDG_CONFIG_HOME or ~/.config. */
  configDir: string;
  /** The clone's `roost`. */
  script: string;
  /** Of `roost`. Default: `up`. */
  words?: readonly string[];
  /** Tells units of one home apart: `watch-imessage`. */
  purpose?: string;
  /** Settings that the home is started with, besides ROOST_HOME; a file only its owner can read keeps them. */
  settings: Readonly<Record<string, string>>;
}

export interface UnitFile {
  path: string;
  text: string;
}

export interface StartUnit {
  /** What systemctl or launchctl calls it. */
  name: string;
  file: UnitFile;
  /** Keeps the settings where the file itself does not. */
  settingsFile?: UnitFile;
}

export function describeSystemdUnit(options: StartUnitOptions): StartUnit {
  const { homeDir, script, settings, words = ["up"] } = options;
  const name = `${nameUnit(options)}.service`;
  const settingsPath = join(homeDir, ".roost", `${["autostart", options.purpose].filter(Boolean).join("-")}.env`);
  const text = `[Unit]
Description=Roost, home ${percent([homeDir, options.purpose].filter(Boolean).join(", "))}

[Service]
Environment=${quote(percent(`ROOST_HOME=${homeDir}`))}
EnvironmentFile=-${percent(settingsPath)}
ExecStart=${[quote(program(script)), ...words.map((word) => (/^[\w-]+$/.test(word) ? word : quote(program(word))))].join(" ")}
KillMode=mixed
TimeoutStopSec=90
Restart=on-failure
RestartSec=5
# 64: the configuration is refused; 73: the home runs already, or its port is taken.
RestartPreventExitStatus=64 73

[Install]
WantedBy=default.target
`;
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${quote(value)}\n`);
  return {
    name,
    file: { path: join(options.configDir, "systemd", "user", name), text },
    settingsFile: { path: settingsPath, text: lines.join("") },
  };
}

export function describeLaunchdAgent(options: StartUnitOptions): StartUnit {
  const { homeDir, script, settings, userDir, words = ["up"] } = options;
  const name = `dev.roost.${nameUnit(options)}`;
  const log = join(homeDir, ".roost", "logs", `${options.purpose ?? "autostart"}.log`);
  const variables = Object.entries({ ROOST_HOME: homeDir, ...settings });
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${escapeXml(name)}</string>
  <key>ProgramArguments</key>
  <array>
${[script, ...words].map((word) => `    <string>${escapeXml(word)}</string>`).join("\n")}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables.map(([key, value]) => `    <key>${escapeXml(key)}</key>\n    <string>${escapeXml(value)}</string>`).join("\n")}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>30</integer>
  <key>ExitTimeOut</key>
  <integer>90</integer>
  <key>StandardOutPath</key>
  <string>${escapeXml(log)}</string>
  <key>StandardErrorPath</key>
  <string>${escapeXml(log)}</string>
</dict>
</plist>
`;
  return { name, file: { path: join(userDir, "Library", "LaunchAgents", `${name}.plist`), text } };
}

/** `roost` for the default home; homes elsewhere are told apart by their path. */
function nameHome(homeDir: string, userDir: string): string {
  if (homeDir === join(userDir, ".roost")) return "roost";
  const hash = createHash("sha256").update(homeDir).digest("hex").slice(0, 6);
  const slug = basename(homeDir)
    .replaceAll(/[^a-zA-Z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return ["roost", slug, hash].filter(Boolean).join("-");
}

function nameUnit({ homeDir, userDir, purpose }: StartUnitOptions): string {
  return [nameHome(homeDir, userDir), purpose].filter(Boolean).join("-");
}

/** A dollar sign begins a variable. */
function program(text: string): string {
  return percent(text).replaceAll("$", "$$$$");
}

/** Quotes for systemd, systemd.syntax(7). */
function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** A percent sign begins a specifier, systemd.unit(5). */
function percent(text: string): string {
  return text.replaceAll("%", "%%");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
