import { versionOf } from './package-version.js';
import { warnOnce } from './warnings.js';

/** The versions of an optional package that are supported. */
export interface SupportedVersions {
  /** The package, as in `@nestjs/schedule`. */
  readonly package: string;
  /** As in `^1.20 || ^2`. */
  readonly range: string;
  /** What another version may not do, as the end of a sentence: `jobs may not be traced`. */
  readonly without: string;
}

/**
 * Warns once, by name and version, where the application has another version of a package than those
 * that are supported. The application starts anyway: npm is not given these ranges, because an
 * optional feature must not prevent an installation.
 *
 * @param version what the application has of it, if that is known.
 *
 * @returns whether the version is supported; also where it is not to be found, as in a bundle.
 */
export function checkVersion(
  { package: name, range, without }: SupportedVersions,
  version = versionOf(name),
): boolean {
  if (version === undefined || isWithin(version, range)) return true;
  warnOnce(
    'TRACING_UNSUPPORTED',
    `${name} ${version} is not supported (supported: ${range}): ${without}`,
    undefined,
    `${name} version`,
  );
  return false;
}

/**
 * Whether a version is in a range of carets. A prerelease counts as its release: `12.0.0-next.1` has
 * what 12 has.
 */
export function isWithin(version: string, range: string): boolean {
  const [major = 0, minor = 0] = numbersOf(version);
  return range.split('||').some((part) => {
    const [wantedMajor = 0, wantedMinor = 0] = numbersOf(part);
    // Below 1.0, a minor version is what a major one is above it.
    if (wantedMajor === 0) return major === 0 && minor === wantedMinor;
    return major === wantedMajor && minor >= wantedMinor;
  });
}

function numbersOf(version: string): number[] {
  return version
    .trim()
    .replace(/^[\^v]/, '')
    .split(/[.+-]/, 2)
    .map(Number);
}
