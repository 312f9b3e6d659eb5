//! The IDX format: two zero bytes, the type of an element, the number of dimensions, each dimension
//! as a big-endian u32, then the elements, the last dimension running fastest.
//!
//! Source: LeCun, Cortes & Burges, *The MNIST database of handwritten digits*, "File formats".

use super::fault::Fault;

/// Code of elements that are unsigned bytes.
const UNSIGNED_BYTE: u8 = 0x08;
/// Bytes before the dimensions, and of each dimension.
const WORD: usize = 4;

/// Dimensions of a picture, and the pixel values of all of them (pictures × pixels).
pub fn pictures(bytes: &[u8]) -> Result<(Vec<usize>, Vec<f32>), Fault> {
    let (dimensions, elements) = parse(bytes)?;
    let size = dimensions.get(1..).unwrap_or_default().to_vec();
    if size.is_empty() || size.contains(&0) {
        return Err(Fault::NotPictures { dimensions });
    }
    Ok((size, elements.iter().map(|&byte| f32::from(byte)).collect()))
}

/// h, w, c of an image and the levels of all of them, channels last.
pub fn images(bytes: &[u8]) -> Result<([usize; 3], Vec<u8>), Fault> {
    let (dimensions, elements) = parse(bytes)?;
    match dimensions[..] {
        [_, h, w] if h * w > 0 => Ok(([h, w, 1], elements.to_vec())),
        [_, h, w, c] if h * w * c > 0 => Ok(([h, w, c], elements.to_vec())),
        _ => Err(Fault::NotPictures { dimensions }),
    }
}

/// Labels, one for each picture.
pub fn labels(bytes: &[u8]) -> Result<Vec<u32>, Fault> {
    let (dimensions, elements) = parse(bytes)?;
    if dimensions.len() != 1 {
        return Err(Fault::NotLabels { dimensions });
    }
    Ok(elements.iter().map(|&byte| u32::from(byte)).collect())
}

/// Dimensions and elements.
fn parse(bytes: &[u8]) -> Result<(Vec<usize>, &[u8]), Fault> {
    let cut = |needed| Fault::CutHeader { bytes: bytes.len(), needed };
    let &[_, _, element, dimensions] = bytes.first_chunk::<WORD>().ok_or_else(|| cut(WORD))?;
    if element != UNSIGNED_BYTE {
        return Err(Fault::Element { code: element });
    }
    let start = WORD * (1 + usize::from(dimensions));
    let header = bytes.get(WORD..start).ok_or_else(|| cut(start))?;
    let dimensions: Vec<usize> = header
        .as_chunks::<WORD>()
        .0
        .iter()
        .map(|word| u32::from_be_bytes(*word) as usize)
        .collect();
    let count = dimensions.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
    let elements = &bytes[start..];
    if count != Some(elements.len()) {
        return Err(Fault::Length { dimensions, header: start, bytes: bytes.len() });
    }
    Ok((dimensions, elements))
}
