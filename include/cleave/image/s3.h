// A store of images in a bucket of S3. Of the library cleave-image-s3.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/image/store.h>

namespace cleave {

/// How a bucket is reached. What is empty is taken from the environment, as other programs do.
struct S3Options {
  std::string endpoint = {};       ///< as http://127.0.0.1:7480, without a bucket; empty:
                                   ///< AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon's own
  std::string region = {};         ///< empty: AWS_REGION, AWS_DEFAULT_REGION, or us-east-1
  std::string access_key = {};     ///< empty: AWS_ACCESS_KEY_ID
  std::string secret_key = {};     ///< empty: AWS_SECRET_ACCESS_KEY
  std::string session_token = {};  ///< empty, and so is access_key: AWS_SESSION_TOKEN
  std::string certificates = {};   ///< a file of authorities; empty: AWS_CA_BUNDLE, or the system's
  /// After so long a call ends with an error, its repetitions included.
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  /// Nothing is written, not even to find out whether the store keeps conditions. For readers.
  bool read_only = false;
};

/// A store in a bucket, which has to be there: `url` is s3://BUCKET or s3://BUCKET/PREFIX, and a
/// prefix has parts of [A-Za-z0-9._-] between slashes. Any number of processes, on any number of
/// machines, whatever their clocks say.
///
/// Needed of S3: what was written is read by whoever reads next, and conditional writes, by which
/// refs are swapped (If-None-Match, If-Match). Unless `read_only`, it is tried here, at an object
/// beside the repository, whether the store keeps such conditions. Where it ignores them, or may
/// not be written to, the store can be read, and whatever writes gives `unsupported`, or what was
/// answered when it was tried.
///
/// What may pass is tried again: connections that break, answers 429 and 5xx. Errors: bad_argument
/// (the name, the endpoint, no keys), io (it cannot be reached, refuses the keys, has no such
/// bucket; `system` has ETIMEDOUT, ECONNREFUSED and the like where these are the reason).
///
/// Cost: a request for each call of a store, and five where it is made.
CLEAVE_API Result<std::unique_ptr<ImageStore>> s3_store(std::string_view url,
                                                        const S3Options& options = {});

}  // namespace cleave
