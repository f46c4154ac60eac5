#pragma once
// A survey, made by vserver-surveyor: a child that owns nothing on the host, sees only the trees that it is to read, and can do
// nothing but read them.

#include "guard/survey.hpp"
#include "server/registry.hpp"
#include "storage/store.hpp"

namespace vs::guard {

/// The server's own layer over its image, and its volumes.
Result<Survey> survey_server(const storage::Store& store, const server::Server& server, const SurveyOrders& orders);
/// The layer of a server that was built just now and never ran: only the host wrote it, so this process reads it.
Result<Survey> survey_fresh(const storage::Store& store, const server::Server& server, const SurveyOrders& orders);
/// The tree of an image by itself.
Result<Survey> survey_image(const storage::Store& store, const std::string& image, const SurveyOrders& orders);

}  // namespace vs::guard
