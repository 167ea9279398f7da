/** The text of a file; see the loaders in scripts/build.mjs. */
declare module "*.html" {
  const text: string;
  export default text;
}

declare module "*.css" {
  const text: string;
  export default text;
}
