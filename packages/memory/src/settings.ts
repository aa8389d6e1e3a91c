/** The public file `@roost/memory/settings`: opens no database, so every process can read it first. */
export { budgetCaps, type SettingsCap } from "./settings/budget-caps.ts";
export { parseSettings, readSettings, readSettingsText, settingsFile } from "./settings/read-settings.ts";
export {
  resolveProviders,
  resolveSecret,
  type ResolvedProvider,
  type SecretSources,
} from "./settings/resolve-secret.ts";
export {
  Settings,
  settingsSchema,
  writtenSettings,
  type HeartbeatSettings,
  type ProviderSettings,
  type ToolServerSettings,
} from "./settings/settings.ts";
