import { useEffect, useState } from 'react';

export type Theme = 'light' | 'dark';

const key = 'workspace-theme';

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(key);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The theme: the system's, until a person chooses another. */
export function useTheme(): [Theme, () => void] {
  const [chosen, setChosen] = useState(stored);
  const [dark, setDark] = useState(() => window.matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const media = window.matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setDark(media.matches);
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, []);
  const theme: Theme = chosen ?? (dark ? 'dark' : 'light');
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem(key, next);
    } catch {
      // A browser that stores nothing keeps the choice until it is reloaded.
    }
    setChosen(next);
  }];
}
