/** The text of a shader; see the loaders in scripts/build.mjs. */
declare module "*.wgsl" {
  const text: string;
  export default text;
}
