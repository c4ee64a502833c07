import { useState } from 'react';
import { Caret } from '../icons';

/** An image, or its description where it cannot be loaded. */
export function Picture({ url, alt = '', className }: { url: string | undefined; alt?: string; className?: string }) {
  const [failed, setFailed] = useState(false);
  if (!url || failed || !/^(https?:|data:image\/)/i.test(url)) return <span className={`picture-missing ${className ?? ''}`} title={alt}>{alt || 'image'}</span>;
  return <img src={url} alt={alt} className={className} loading="lazy" referrerPolicy="no-referrer" onError={() => setFailed(true)} />;
}

export function ImageBlock({ url, alt, title }: { url: string | undefined; alt?: string; title: string }) {
  const [open, setOpen] = useState(true);
  return (
    <figure className="image-block">
      <figcaption>
        {title || alt}
        <button type="button" className="fold" aria-expanded={open} aria-label={open ? 'Hide the image' : 'Show the image'} onClick={() => setOpen(!open)}><Caret /></button>
      </figcaption>
      {open && <Picture url={url} alt={alt} />}
    </figure>
  );
}
