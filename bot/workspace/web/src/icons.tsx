import type { ReactNode } from 'react';

function icon(content: ReactNode, label?: string) {
  return function Icon() {
    return (
      <svg className="icon" viewBox="0 0 20 20" aria-hidden={label ? undefined : true} role={label ? 'img' : undefined} aria-label={label}
        fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round">
        {content}
      </svg>
    );
  };
}

export const Hash = icon(<path d="M4 7.5h13M3 12.5h13M8.5 3l-2 14M13.5 3l-2 14" />);
export const Lock = icon(<><path d="M6.5 9V6.5a3.5 3.5 0 0 1 7 0V9" /><rect x="4.5" y="9" width="11" height="8" rx="1.5" /></>);
export const Caret = icon(<path d="m5.5 8 4.5 4.5L14.5 8" />);
export const CaretRight = icon(<path d="m8 5.5 4.5 4.5L8 14.5" />);
export const Close = icon(<path d="m5 5 10 10M15 5 5 15" />);
export const Check = icon(<path d="m4 10.5 4 4 8-9" />);
export const Copy = icon(<><rect x="7" y="7" width="9.5" height="9.5" rx="2" /><path d="M13 4.5A1.5 1.5 0 0 0 11.5 3H5a2 2 0 0 0-2 2v6.5A1.5 1.5 0 0 0 4.5 13" /></>);
export const Eye = icon(<><path d="M2 10s3-5.5 8-5.5S18 10 18 10s-3 5.5-8 5.5S2 10 2 10Z" /><circle cx="10" cy="10" r="2.5" /></>);
export const More = icon(<g fill="currentColor" stroke="none"><circle cx="10" cy="4.5" r="1.6" /><circle cx="10" cy="10" r="1.6" /><circle cx="10" cy="15.5" r="1.6" /></g>);
export const Dots = icon(<g fill="currentColor" stroke="none"><circle cx="4.5" cy="10" r="1.6" /><circle cx="10" cy="10" r="1.6" /><circle cx="15.5" cy="10" r="1.6" /></g>);
export const Reply = icon(<><path d="M3 5.5A2.5 2.5 0 0 1 5.5 3h9A2.5 2.5 0 0 1 17 5.5v6a2.5 2.5 0 0 1-2.5 2.5H8l-4 3v-3.5a2.5 2.5 0 0 1-1-2Z" /><path d="M6.5 7h7M6.5 10h4" /></>);
export const Send = icon(<path fill="currentColor" d="M3 3.5 17 10 3 16.5 4.5 11 11 10 4.5 9Z" />);
export const Plus = icon(<path d="M10 4v12M4 10h12" />);
export const At = icon(<><circle cx="10" cy="10" r="3" /><path d="M13 7v4.2a1.9 1.9 0 0 0 3.8 0V10A6.8 6.8 0 1 0 14 15.5" /></>);
export const Slash = icon(<><rect x="3" y="3" width="14" height="14" rx="3" /><path d="m12 6.5-4 7" /></>);
export const Bolt = icon(<path d="M11 2.5 4.5 11.5H10l-1 6 6.5-9H10Z" />);
export const Warning = icon(<><path d="M10 3 1.8 17h16.4Z" /><path d="M10 8.5v4M10 14.8v.1" /></>);
export const Info = icon(<><circle cx="10" cy="10" r="7.5" /><path d="M10 9v5M10 6.2v.1" /></>);
export const Home = icon(<path d="M3 9.5 10 3.5l7 6M5 8.5V16.5h3.5v-4h3v4H15V8.5" />);
export const Sun = icon(<><circle cx="10" cy="10" r="3.5" /><path d="M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1" /></>);
export const Moon = icon(<path d="M16.5 11.5A7 7 0 0 1 8.5 3.5a7 7 0 1 0 8 8Z" />);
export const Traffic = icon(<path d="M6.5 16V4M6.5 4 3.5 7M6.5 4l3 3M13.5 4v12M13.5 16l-3-3M13.5 16l3-3" />);
export const Menu = icon(<path d="M3 5.5h14M3 10h14M3 14.5h14" />);
