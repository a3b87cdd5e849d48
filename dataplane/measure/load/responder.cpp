// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/load/responder.h"

#include <algorithm>
#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dataplane/measure/load/answering.h"

namespace fairlead::measure {

Result<std::unique_ptr<Responder>> Responder::start(const std::vector<Listen>& listens, unsigned threads,
                                                    const std::vector<int>& cpus) {
  std::unique_ptr<Responder> made(new Responder);
  made->stop_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!made->stop_) return std::unexpected(os_error(errno, "eventfd"));
  const unsigned count = std::clamp(threads, 1U, kMostWorkers);
  for (unsigned i = 0; i < count; ++i) {
    FL_TRY(auto answering, Answering::open(made->stop_.get()));
    made->answering_.push_back(std::move(answering));
  }
  for (const Listen& on : listens) FL_TRY_OK(made->answering_[on.server % count]->listen(on));
  for (unsigned i = 0; i < count; ++i)
    made->threads_.emplace_back([answering = made->answering_[i].get(), place = Place{-1, cpus}, i] {
      static_cast<void>(enter(place, i));
      answering->run();
    });
  return made;
}

Responder::~Responder() {
  const std::uint64_t one = 1;
  if (stop_) [[maybe_unused]]
    const ssize_t n = ::write(stop_.get(), &one, sizeof one);
  for (std::thread& thread : threads_) thread.join();
}

std::vector<int> Responder::threads() const {
  std::vector<int> ids;
  for (const auto& each : answering_) {
    each->thread.wait(0);
    ids.push_back(each->thread);
  }
  return ids;
}

std::uint64_t Responder::requests() const {
  std::uint64_t sum = 0;
  for (const auto& each : answering_) sum += each->requests;
  return sum;
}

}  // namespace fairlead::measure
