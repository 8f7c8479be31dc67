import { JUPYTER_DISPLAY } from "../display.ts";
import type { ProfileRecord } from "../record/profile_record.ts";
import { type ProfileBeside, profileText } from "./profile_text.ts";
import type { ShownLater } from "./shown.ts";

/** Where the time of a model goes: as text at once, and with a chart when a notebook asks for it. */
export function profileShown(profile: ProfileRecord, beside?: ProfileBeside): ShownLater {
  return {
    async [JUPYTER_DISPLAY]() {
      const { showProfile } = await import("./profile_display.ts");
      return showProfile(profile, beside)[JUPYTER_DISPLAY]();
    },
    toString: () => profileText(profile, beside),
  };
}
