/** The package's own entry for ES modules can't be imported by Node; this file of it can. */
declare module "wgsl_reflect/wgsl_reflect.module.js" {
  export * from "wgsl_reflect";
}
