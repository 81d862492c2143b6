import { useEffect, useState } from 'preact/hooks';
import { onSettings, settings, type Settings } from '../model/settings.js';

/** The settings, now and whenever they change. */
export function useSettings(): Settings {
  const [current, setCurrent] = useState(settings);
  useEffect(() => onSettings(() => setCurrent(settings())), []);
  return current;
}
