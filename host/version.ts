import packageJson from "../package.json" with { type: "json" };

/** The version of wray. */
export const version: string = packageJson.version;
