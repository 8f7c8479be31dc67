/**
 * Whether Deno lets this program do something. It is not asked for: who runs Octavo without a permission
 * has decided, and what needs it is left out.
 */
export function isPermitted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}
